using HyperVBackup.Hosts;
using HyperVBackup.Repository;
#if HYPERV
using HyperVBackup.Hosts.Wmi;
using HyperVBackup.HyperV.VirtualDisks;
using HyperVBackup.HyperV.Wmi;
#endif
#if VSS
using System.Runtime.Versioning;
using HyperVBackup.Hosts.Vss;
using HyperVBackup.HyperV.Vss;
#endif

namespace HyperVBackup.Cli.Hosting;

/// <summary>The Hyper-V host that this is, if it is one.</summary>
internal static class ThisHyperV
{
    private const string Elsewhere =
        "This is no Hyper-V host, which --host and 'host' need; 'demo --host' simulates one.";

#if HYPERV
    private const string Namespace = @"root\virtualization\v2";
    private const string Service = "Msvm_VirtualSystemManagementService";

    /// <exception cref="HostException">It is none, or its Hyper-V does not answer.</exception>
    public static HostAccess Find(RepositoryEnvironment environment, CancellationToken token)
    {
        if (!OperatingSystem.IsWindows())
        {
            throw new HostException(Elsewhere);
        }

        HostAccess host = new()
        {
            Name = Environment.MachineName,
            Connect = node => MmiClient.Connect(
                string.Equals(node, Environment.MachineName, StringComparison.OrdinalIgnoreCase) ? null : node),
            Disks = new WindowsDiskHost(),
            Waiter = new SystemWaiter(environment.Clock, token),
#if VSS
            OpenVolumes = OpenVolumes,
#endif
        };
        return host.CimOf(host.Name).Query(Namespace, Wql.All(Service)).Count > 0
            ? host
            : throw new HostException("Hyper-V does not run here: its management service does not show itself.");
    }

#if VSS
    [SupportedOSPlatform("windows")]
    private static VssVolumes OpenVolumes() => new(AlphaVssRequester.Load());
#endif
#else
    /// <exception cref="HostException">It is none, or this build cannot ask it.</exception>
    public static HostAccess Find(RepositoryEnvironment environment, CancellationToken token) =>
        throw new HostException(OperatingSystem.IsWindows()
            ? "This build of hvbackup cannot ask Hyper-V: publish it with -p:ForWindows=true."
            : Elsewhere);
#endif
}
