namespace HyperVBackup.Testing.Tools;

/// <summary>The command line that tests run as a process: what was published, where the environment says so, or else
/// what was built beside the tests.</summary>
public static class ProgramUnderTest
{
    private const string Variable = "HVBACKUP_UNDER_TEST";

    /// <summary>Null where the one that was built is run.</summary>
    public static string? Published { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path
        ? System.IO.Path.GetFullPath(path)
        : null;

    public static string Path { get; } =
        Published ?? System.IO.Path.Join(AppContext.BaseDirectory, "hvbackup");
}
