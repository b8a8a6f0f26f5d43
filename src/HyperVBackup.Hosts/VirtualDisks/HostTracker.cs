using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Hosts.VirtualDisks;

/// <summary>A host's change tracking (RCT) of one disk, asked through the disk as a checkpoint holds it.</summary>
internal sealed class HostTracker(IVirtualDisk disk) : IChangeTracker
{
    public TrackedState Look() => Ask(() =>
    {
        VirtualDiskFacts facts = disk.Look();
        return facts.IsTracked
            ? new TrackedState(
                facts.Identity, facts.VirtualSizeBytes, facts.MostRecentId is { Length: > 0 } id ? id : null)
            : throw new DiskImageException(VirtualDiskError.MeaningOf(VirtualDiskError.ChangeTrackingDisabled));
    });

    public ChangePage Ask(string since, long offsetBytes, long lengthBytes) =>
        Ask(() => disk.QueryChanges(since, offsetBytes, lengthBytes));

    private static T Ask<T>(Func<T> question)
    {
        try
        {
            return question();
        }
        catch (HostException failure)
        {
            throw new DiskImageException(failure.Message, failure);
        }
    }
}
