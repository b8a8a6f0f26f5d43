namespace HyperVBackup.Hosts.Containers;

/// <summary>What makes a machine belong to a container.</summary>
public enum ContainerKind
{
    /// <summary>It is on any node of the cluster.</summary>
    Cluster,

    /// <summary>It is on this host.</summary>
    Host,

    /// <summary>Any image of its is in this folder: that of a cluster shared volume, or any other.</summary>
    Folder,
}
