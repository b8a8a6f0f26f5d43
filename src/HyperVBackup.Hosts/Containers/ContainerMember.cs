namespace HyperVBackup.Hosts.Containers;

/// <summary>A machine of a container.</summary>
/// <param name="Id">What it is known by everywhere: also what its restore points and notes are known by, so that one
/// which moved goes on where it was.</param>
/// <param name="Name">What people called it when it was last seen.</param>
/// <param name="Node">Where it was last seen, and is backed up.</param>
/// <param name="MissedCount">How many complete inventories since did not find it in the container.</param>
public sealed record ContainerMember(Guid Id, string Name, string Node, int MissedCount);
