using HyperVBackup.Cli.Hosting;
using HyperVBackup.Hosts;
using HyperVBackup.Operations;
using HyperVBackup.Repository;
using HyperVBackup.Storage;

namespace HyperVBackup.Cli;

/// <summary>What a command runs in: the files of a repository's folder, the host, and where it writes. Those of the
/// system, unless the code that calls <see cref="CommandLine.RunAsync"/> put others in their place, for this call and
/// all that it starts.</summary>
internal sealed record Surroundings
{
    private static readonly AsyncLocal<Surroundings?> Others = new();
    private static readonly Surroundings OfTheSystem = new();

    public static Surroundings Current
    {
        get => Others.Value ?? OfTheSystem;
        set => Others.Value = value;
    }

    public Func<string, IBlobStore> OpenStore { get; init; } = path => new FolderStore(path);

    public Func<RepositoryEnvironment> NewEnvironment { get; init; } = ThisHost.NewEnvironment;

    /// <summary>Finds the Hyper-V host that this is; waits of it end with the token.</summary>
    /// <exception cref="HostException">This is none.</exception>
    public Func<RepositoryEnvironment, CancellationToken, HostAccess> FindHost { get; init; } = ThisHyperV.Find;

    /// <summary>Opens standard output; each caller disposes of its own.</summary>
    public Func<Stream> OpenOutput { get; init; } = Console.OpenStandardOutput;

    /// <summary>Standard error.</summary>
    public TextWriter Errors { get; init; } = Console.Error;

    public bool IsTerminal { get; init; } = !Console.IsErrorRedirected;
}
