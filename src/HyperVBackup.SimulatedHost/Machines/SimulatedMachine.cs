using HyperVBackup.Hosts;
using HyperVBackup.SimulatedHost.Images;

namespace HyperVBackup.SimulatedHost.Machines;

/// <summary>A virtual machine with disks, checkpoints and reference points. What is done to it here is done at once, as
/// users and other programs do it; what a backup asks for goes through the host.</summary>
public sealed class SimulatedMachine
{
    private readonly Random random;
    private readonly List<SimulatedDisk> disks = [];
    private readonly List<SimulatedCheckpoint> checkpoints = [];
    private readonly List<SimulatedReferencePoint> referencePoints = [];

    /// <param name="id">Null for a new one.</param>
    internal SimulatedMachine(Random random, string name, string folder, Guid? id = null)
    {
        (this.random, Name, Folder) = (random, name, folder);
        Id = id ?? NewId();
    }

    public Guid Id { get; }

    public string Name { get; internal set; }

    public bool IsOff { get; set; }

    /// <summary>It is on another host for now.</summary>
    public bool IsAway { get; set; }

    /// <summary>The host fails where it is asked for its disks.</summary>
    public bool IsUnreadable { get; set; }

    /// <summary>It is only planned: the target of a migration or an import.</summary>
    public bool IsPlanned { get; set; }

    /// <summary>Something else goes on with it until then, as its operational status says: 32774 is a migration.
    /// </summary>
    public (ulong Status, DateTimeOffset Until)? OtherOperation { get; set; }

    /// <summary>Its guest writes a little each time that anything happens on the host.</summary>
    public bool IsWriting { get; set; } = true;

    /// <summary>The volume that its files are on; one whose name begins with CSV is a cluster shared volume.</summary>
    public string Volume { get; set; } = "C:";

    /// <summary>Its configuration version.</summary>
    public string Version { get; init; } = "10.0";

    /// <summary>Whether the host tracks changes of it: of no disk that is a VHD.</summary>
    public bool IsTracked { get; set; } = true;

    /// <summary>Whether the host begins to track it when it first makes a reference point, with ids of that moment: not
    /// of the checkpoint's, of which it is made.</summary>
    public bool BeginsTracking { get; set; }

    /// <summary>Whether tracking ids stay known when the reference point that told of them is gone.</summary>
    public bool IdsOutliveReferencePoints { get; set; }

    /// <summary>Whether a checkpoint goes though its images are open.</summary>
    public bool RemovesOpenImages { get; set; }

    /// <summary>Its guest's own state, with a virtual TPM's secrets, that of no two machines alike; null for none.
    /// </summary>
    public byte[]? GuestState { get; set; }

    /// <summary>Where that is kept; null for where the machine is.</summary>
    public string? GuestStateFolder { get; set; }

    /// <summary>Its runtime state, as checkpoints hold it.</summary>
    public byte[] RuntimeState { get; set; } = "runtime"u8.ToArray();

    /// <summary>Another backup program that works on it; null for none.</summary>
    public OtherProduct? OtherProduct { get; private set; }

    public IReadOnlyList<SimulatedDisk> Disks => disks;

    /// <summary>Somebody reads its own images, so that they cannot be merged; copies of them do not count.</summary>
    public bool HasOpenImages => disks.Exists(disk => disk.Images.Exists(image => image.OpenCount > 0));

    public IReadOnlyList<SimulatedCheckpoint> Checkpoints => checkpoints;

    public IReadOnlyList<SimulatedReferencePoint> ReferencePoints => referencePoints;

    public SimulatedCheckpoint? LastApplied { get; private set; }

    internal string Folder { get; }

    internal Guid ControllerId { get; } = new("1f8f37b8-4d25-4f9e-8d5a-5f6a3f5c2b10");

    /// <param name="id">The disk's identity; null for a fresh one.</param>
    /// <param name="isVhd">Whether it is a VHD.</param>
    public SimulatedDisk AddDisk(string name, long sizeBytes, Guid? id = null, bool isVhd = false)
    {
        SimulatedDisk disk = new(random, Path.Join(Folder, $"{name}.{(isVhd ? "vhd" : "vhdx")}"), sizeBytes, id)
        {
            Slot = disks.Count == 0 ? 0 : disks.Max(other => other.Slot) + 1,
        };
        disks.Add(disk);
        return disk;
    }

    internal void Attach(SimulatedDisk disk, int slot)
    {
        disk.Slot = slot;
        disks.Add(disk);
    }

    /// <summary>From now on another program backs it up too.</summary>
    public OtherProduct AddOtherProduct(int seed) => OtherProduct = new OtherProduct(this, seed);

    public void RemoveDisk(SimulatedDisk disk) => disks.Remove(disk);

    public SimulatedCheckpoint CreateCheckpoint(string name, bool isRecovery, DateTimeOffset now)
    {
        SimulatedCheckpoint checkpoint = new(NewId(), name, isRecovery, now) { ListedFrom = now };
        foreach (SimulatedDisk disk in disks)
        {
            SimulatedImage frozen = disk.Live;
            frozen.FrozenAt = disk.Sequence;
            checkpoint.Frozen.Add(disk, frozen);
            if (!checkpoint.Kept.TryAdd(disk.Id, frozen.ReadAll()))
            {
                checkpoint.Kept.Remove(disk.Id); // copies that share an identity
            }

            if (isRecovery && IsTracked && !disk.IsVhd)
            {
                frozen.FrozenId = disk.IssueId();
                checkpoint.TrackingIds.Add(disk, frozen.FrozenId);
            }

            disk.Live = new SimulatedImage(disk, ChildPath(frozen), frozen);
            disk.Images.Add(disk.Live);
        }

        SimulatedConfiguration.Write(this, checkpoint);
        checkpoints.Add(checkpoint);
        return checkpoint;
    }

    /// <summary>The checkpoint goes, and its images are merged with those that were written since.</summary>
    /// <exception cref="HostException">An image is open.</exception>
    public void RemoveCheckpoint(SimulatedCheckpoint checkpoint)
    {
        Merge(checkpoint);
        Expire(checkpoint.TrackingIds);
    }

    public SimulatedReferencePoint Convert(SimulatedCheckpoint checkpoint)
    {
        if (checkpoint.TrackingIds.Count == 0 && BeginsTracking)
        {
            Merge(checkpoint);
            IsTracked = true;
            SimulatedReferencePoint first = new(
                NewId(), disks.Where(disk => !disk.IsVhd).ToDictionary(disk => disk, disk => disk.IssueId()));
            referencePoints.Add(first);
            return first;
        }

        if (checkpoint.TrackingIds.Count == 0)
        {
            throw new HostException("Changes of the virtual machine are not tracked.", 32770);
        }

        Merge(checkpoint);
        SimulatedReferencePoint point = new(NewId(), checkpoint.TrackingIds);
        referencePoints.Add(point);
        return point;
    }

    public void Destroy(SimulatedReferencePoint point)
    {
        referencePoints.Remove(point);
        Expire(point.TrackingIds);
    }

    /// <summary>The machine goes back to a checkpoint. Change tracking takes no notice of it: it under-reports.
    /// </summary>
    public void Apply(SimulatedCheckpoint checkpoint)
    {
        foreach ((SimulatedDisk disk, SimulatedImage frozen) in checkpoint.Frozen)
        {
            SimulatedImage old = disk.Live;
            disk.Live = new SimulatedImage(disk, ChildPath(frozen), frozen);
            disk.Images.Add(disk.Live);
            disk.Images.Remove(old);
            old.Delete();
        }

        LastApplied = checkpoint;
    }

    /// <summary>Merges images that no checkpoint needs any more with those that were written since.</summary>
    internal void MergeUnused()
    {
        foreach (SimulatedDisk disk in disks.Where(disk => disk.Images.Count > 1))
        {
            while (disk.Images.Exists(TryMergeChild) || disk.Images.Exists(TryDrop))
            {
            }
        }
    }

    private static bool IsReferred(IEnumerable<SimulatedCheckpoint> checkpoints, SimulatedImage image) =>
        checkpoints.Any(checkpoint => checkpoint.Frozen.ContainsValue(image));

    private void Merge(SimulatedCheckpoint checkpoint)
    {
        foreach (SimulatedImage image in checkpoint.Frozen.Values)
        {
            if (image.OpenCount > 0 && !RemovesOpenImages)
            {
                throw new HostException($"'{image.Path}' is in use by another process (0x80070020).", 32768);
            }
        }

        checkpoints.Remove(checkpoint);
        SimulatedConfiguration.Delete(this, checkpoint);
        MergeUnused();
    }

    /// <summary>Of a branch that nothing leads to any more nothing stays.</summary>
    private bool TryDrop(SimulatedImage image)
    {
        SimulatedDisk disk = image.Disk;
        bool isNeeded = image == disk.Live || image.OpenCount > 0 || IsReferred(checkpoints, image)
            || disk.Images.Exists(candidate => candidate.Parent == image);
        if (!isNeeded)
        {
            disk.Images.Remove(image);
            image.Delete();
        }

        return !isNeeded;
    }

    /// <summary>Takes an image's one child into it. Those that are open are merged later.</summary>
    /// <returns>Whether it could.</returns>
    private bool TryMergeChild(SimulatedImage image)
    {
        SimulatedDisk disk = image.Disk;
        List<SimulatedImage> children = [.. disk.Images.Where(candidate => candidate.Parent == image)];
        bool isOpen = disk.Images.Exists(candidate => candidate.OpenCount > 0 && candidate.IsOn(image));
        if (isOpen || IsReferred(checkpoints, image) || children.Count != 1)
        {
            return false;
        }

        SimulatedImage child = children[0];
        image.Merge(child);
        disk.Images.Remove(child);
        foreach (SimulatedImage grandchild in disk.Images.Where(candidate => candidate.Parent == child))
        {
            grandchild.SetParent(image);
        }

        foreach (SimulatedCheckpoint other in checkpoints.Where(other => other.Frozen.ContainsValue(child)))
        {
            other.Frozen[disk] = image;
        }

        disk.Live = disk.Live == child ? image : disk.Live;
        return true;
    }

    private void Expire(IReadOnlyDictionary<SimulatedDisk, string> ids)
    {
        foreach ((SimulatedDisk disk, string id) in ids)
        {
            if (!IdsOutliveReferencePoints)
            {
                disk.Expire(id);
            }
        }
    }

    private string ChildPath(SimulatedImage image)
    {
        string extension = image.Disk.IsVhd ? "avhd" : "avhdx";
        return Path.Join(Folder, $"{Path.GetFileNameWithoutExtension(image.BasePath)}_{NewId()}.{extension}");
    }

    private Guid NewId()
    {
        byte[] bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
