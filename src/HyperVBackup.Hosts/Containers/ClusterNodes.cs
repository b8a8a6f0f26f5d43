using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Containers;

/// <summary>Which hosts a host's cluster has.</summary>
public static class ClusterNodes
{
    public const string Namespace = @"root\mscluster";
    public const string NodeClass = "MSCluster_Node";

    /// <summary>What WMI fails with where a namespace is not there: the host has no failover clustering.</summary>
    public const uint NoSuchNamespace = 0x8004100E;

    /// <summary>The names of all, in their order, whether they are up or not; none where the host is in no cluster.
    /// </summary>
    /// <exception cref="HostException">The host is in a cluster, or may be, and cannot be asked: who is not known is
    /// not taken for gone.</exception>
    public static IReadOnlyList<string> Of(ICimClient cim)
    {
        ArgumentNullException.ThrowIfNull(cim);
        try
        {
            return [.. cim.Query(Namespace, Wql.All(NodeClass)).Select(node => node.RequireText("Name"))
                .Order(StringComparer.OrdinalIgnoreCase)];
        }
        catch (HostException none) when (none.Code == NoSuchNamespace)
        {
            return [];
        }
    }
}
