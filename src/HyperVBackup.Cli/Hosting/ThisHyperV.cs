using HyperVBackup.Hosts;
using HyperVBackup.Repository;

namespace HyperVBackup.Cli.Hosting;

/// <summary>The Hyper-V host that this is, if it is one.</summary>
internal static class ThisHyperV
{
    /// <exception cref="HostException">It is none.</exception>
    public static HostAccess Find(RepositoryEnvironment environment, CancellationToken token) =>
        throw new HostException(
            "This is no Hyper-V host, which --host and 'host' need; 'demo --host' simulates one.");
}
