using System.Diagnostics;
using HyperVBackup.Repository;
using HyperVBackup.Storage;

namespace HyperVBackup.Operations;

/// <summary>The host this process runs on, as repositories and engines want it: real clock, real randomness, the
/// host's own state folder.</summary>
public static class ThisHost
{
    /// <summary>Names the folder for chunk indexes in place of the platform's.</summary>
    public const string StateVariable = "HVBACKUP_STATE";

    private const string FolderName = "hvbackup";

    /// <summary>Where each Linux tells who sees the same processes under the same numbers.</summary>
    private const string ProcessSpaceLink = "/proc/self/ns/pid";

    /// <summary>What the link reads as outside all containers.</summary>
    private const string WholeHost = "pid:[4026531836]";

    /// <summary>An environment that can be used as it is, or changed with <c>with</c>.</summary>
    public static RepositoryEnvironment NewEnvironment() => new()
    {
        Clock = TimeProvider.System,
        Randomness = SystemRandomness.Fill,
        StateFolder = StateFolder(),
        HostName = NameOf(Environment.MachineName, TryReadProcessSpace()),
        ProcessId = (uint)Environment.ProcessId,
        IsProcessAlive = IsProcessAlive,
    };

    /// <summary>The host's name in leases. Containers may share one, but not the numbers of processes: of those numbers
    /// only who sees the same ones can say that a process is gone.</summary>
    /// <param name="processSpace">What the system says of the space of process numbers; null where it says nothing.
    /// </param>
    internal static string NameOf(string machineName, string? processSpace) =>
        processSpace is null or WholeHost ? machineName : $"{machineName} {processSpace}";

    private static string? TryReadProcessSpace()
    {
        try
        {
            return OperatingSystem.IsLinux() ? new FileInfo(ProcessSpaceLink).LinkTarget : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string StateFolder()
    {
        string? named = Environment.GetEnvironmentVariable(StateVariable);
        return string.IsNullOrEmpty(named) ? Path.Combine(PlatformStateFolder(), FolderName) : named;
    }

    private static string PlatformStateFolder()
    {
        if (OperatingSystem.IsWindows())
        {
            return Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        }

        string? state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        return string.IsNullOrEmpty(state)
            ? Path.Combine(
                Environment.GetFolderPath(
                    Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify),
                ".local", "state")
            : state;
    }

    private static bool IsProcessAlive(uint processId)
    {
        if (processId > int.MaxValue)
        {
            return true; // it cannot be asked about
        }

        try
        {
            using Process process = Process.GetProcessById((int)processId);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
