namespace HyperVBackup.Hosts;

/// <summary>Tells a machine's disks apart, now and in a checkpoint: by their identity, and by where they are attached
/// where copies of one image share it.</summary>
/// <param name="Place">The attachment without the settings it is in; empty where the identity is enough.</param>
internal readonly record struct DiskKey(string Identity, string Place)
{
    /// <summary>Whether another disk of the machine has the same identity: then nothing that the host says by identity
    /// is about one disk.</summary>
    public bool IsShared => Place.Length > 0;

    /// <summary>One for each disk, in their order.</summary>
    public static IReadOnlyList<DiskKey> Of(IReadOnlyList<(string Identity, string InstanceId)> disks) =>
        [.. disks.Select(disk => new DiskKey(
            disk.Identity,
            disks.Count(other => other.Identity == disk.Identity) > 1 ? PlaceOf(disk.InstanceId) : ""))];

    /// <summary>An attachment without the settings it is in.</summary>
    public static string PlaceOf(string instanceId) => instanceId[(instanceId.IndexOf('\\') + 1)..];
}
