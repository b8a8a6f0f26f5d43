using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>
/// One moment of a machine: a recovery checkpoint that is read, then made a reference point, which the changes of the
/// next one start from. Ends confirmed or abandoned. Not thread-safe; reading its disks is.
/// </summary>
internal sealed class MachineSnapshot : IDisposable
{
    private readonly CycleContext context;
    private readonly HostCalls calls;
    private readonly Leftovers leftovers;
    private readonly Leftovers cleanUp;
    private readonly List<SnapshotDisk> disks = [];
    private VirtualMachine machine = null!;
    private MachineSettings checkpoint = null!;
    private string? lastApplied;
    private List<string> others = [];
    private string? untracked;
    private bool mayBeginTracking;
    private HeldPoint? made;
    private Dictionary<string, string>? idsByIdentity;
    private bool isEnded;

    private MachineSnapshot(HostOptions options, HostEnvironment environment, CycleJournal journal)
    {
        context = new CycleContext(options, environment, journal);
        calls = new HostCalls(context);
        leftovers = new Leftovers(context, calls);
        cleanUp = leftovers.ForCleanUp();
    }

    public IReadOnlyList<SnapshotDisk> Disks => disks;

    public MachineConsistency Consistency { get; private set; }

    /// <summary>The attachments of the disks, in their order.</summary>
    public IReadOnlyList<AttachedDisk> Attached { get; private set; } = [];

    /// <summary>The files of the machine's configuration, until the snapshot is sealed.</summary>
    public IReadOnlyList<MachineFile> Files { get; private set; } = [];

    public string Version => checkpoint.Version;

    public string Definition => HostPath.FileName(checkpoint.Files.Definition);

    /// <summary>Takes away what earlier backups of ours left, and makes the checkpoint.</summary>
    /// <exception cref="HostException">It cannot be made; nothing of it is left, or it is noted.</exception>
    public static MachineSnapshot Take(HostOptions options, HostEnvironment environment)
    {
        MachineSnapshot snapshot = new(
            options, environment,
            CycleJournal.Open(environment.Journals, options.Owner, options.Machine, environment.Warn));
        try
        {
            snapshot.Take();
            return snapshot;
        }
        catch
        {
            snapshot.GiveUp();
            throw;
        }
    }

    /// <summary>The tracking id of a disk, once the checkpoint is a reference point; null where none is to be
    /// recorded.</summary>
    public string? Seal(int position)
    {
        idsByIdentity ??= SealAll();
        return disks[position].Key.IsShared ? null : idsByIdentity.GetValueOrDefault(disks[position].Disk.Identity!);
    }

    /// <summary>Whether all there is to read is in one image a disk, so that nothing else can change it.</summary>
    public bool IsMovable() => Attached.All(attached =>
        string.Equals(context.Environment.Disks.BasePathOf(attached.File), attached.File, StringComparison.Ordinal));

    /// <summary>Lets the checkpoint go, and reads what it held from copies of its files. Where these cannot be opened
    /// or are of other disks, nothing has changed.</summary>
    /// <param name="place">Where the copy of a file is.</param>
    /// <exception cref="HostException">A copy is none.</exception>
    public void ReadFrom(Func<string, string> place)
    {
        List<IVirtualDisk> copies = [];
        try
        {
            foreach (SnapshotDisk disk in disks)
            {
                copies.Add(new DiskCopies(context).Open(disk.Disk, place(disk.Disk.Description)));
            }

            CheckpointFiles files = new(context);
            MachineFile[] moved = [.. Files.Select(file => files.Moved(file, place(file.Path)))];
            idsByIdentity = SealAll();
            for (int position = 0; position < copies.Count; position++)
            {
                disks[position].Disk.MoveTo(copies[position]);
            }

            Files = moved;
            copies.Clear();
        }
        finally
        {
            copies.ForEach(copy => copy.Dispose());
        }

        if (made is not { IsCheckpoint: true })
        {
            cleanUp.TryClear(machine); // a checkpoint that could not be converted
        }
    }

    /// <summary>The restore point is published: the reference points before are of no use any more.</summary>
    public void Confirm()
    {
        if (idsByIdentity is null)
        {
            throw new InvalidOperationException("Only a sealed snapshot is confirmed.");
        }

        End(() =>
        {
            cleanUp.Clear(machine);
            cleanUp.Keep(machine, made is { Disks.Count: > 0 } or { IsBeginning: true } ? made : null);
            if (made is { IsCheckpoint: true })
            {
                Settle(made);
            }
        });
    }

    /// <summary>No restore point came of it: all is as it was before it.</summary>
    public void Abandon() => End(() =>
    {
        if (machine is not null)
        {
            cleanUp.Clear(machine);
            cleanUp.KeepNewest(machine);
        }
    });

    public void Dispose()
    {
        CloseDisks();
        context.Journal.Dispose();
    }

    /// <summary>Whatever becomes of that, another backup of the machine can begin.</summary>
    private void GiveUp()
    {
        try
        {
            Abandon();
        }
        finally
        {
            Dispose();
        }
    }

    private void Take()
    {
        machine = context.FindQuietMachine();
        NoteIfApplied();
        leftovers.Clear(machine);
        leftovers.KeepNewest(machine);
        lastApplied = context.Catalog.LastAppliedTo(machine);
        List<string> before = OtherCheckpoints();
        (checkpoint, Consistency) = new CheckpointMaker(context, calls, cleanUp).Make(machine);
        RequireNoneApplied();
        List<string> after = OtherCheckpoints();
        OpenDisks(after);
        Files = new CheckpointFiles(context).Of(machine, checkpoint);
        others = [.. before.Union(after).Except(context.Journal.Notes.Held.Select(held => held.InstanceId))];
    }

    /// <summary>Before anything of ours is taken away: a checkpoint of ours that was left, or kept in place of the
    /// reference point that followed it, can be applied too, and once it is gone nothing tells of that. Where a
    /// checkpoint is still what the next changes start from, its images tell.</summary>
    private void NoteIfApplied()
    {
        HeldPoint? held = leftovers.NewestOfUse();
        if (held is { IsCheckpoint: false } && context.Catalog.LastAppliedTo(machine) != held.LastApplied)
        {
            context.Journal.Note(notes => notes with { Doubt = Changes.Applied });
        }
    }

    /// <summary>All of the machine's but those that are noted as ours.</summary>
    private List<string> OtherCheckpoints() =>
        [.. context.Catalog.SettingsOf(machine)
            .Where(settings => settings.IsCheckpoint && settings.InstanceId != context.Journal.Notes.Checkpoint)
            .Select(settings => settings.InstanceId)];

    /// <summary>Whether it was applied before or after the checkpoint was made, nobody knows.</summary>
    private void RequireNoneApplied()
    {
        if (context.Catalog.LastAppliedTo(machine) != lastApplied)
        {
            throw new HostException(
                $"A checkpoint was applied to '{machine.Name}' while its backup began; run again.");
        }
    }

    private void OpenDisks(List<string> othersNow)
    {
        HeldPoint? held = context.Journal.Notes.Held is [.., HeldPoint newest] ? newest : null;
        bool isListed = held is not null && (othersNow.Contains(held.InstanceId) || context.Catalog
            .ReferencePointsOf(machine).Exists(point => point.InstanceId == held.InstanceId));
        List<(AttachedDisk Attached, FrozenDisk Disk)> opened = context.Catalog.WithDisksOf(
            checkpoint, new FrozenDisks(context).OpenAll);
        Attached = [.. opened.Select(item => item.Attached)];
        untracked = WhyUntracked(opened);
        mayBeginTracking = untracked is not null && !checkpoint.IsBeforeTracking
            && opened.Exists(item => !item.Disk.Facts.IsVhd);
        Changes changes = new(
            held, isListed, lastApplied, othersNow, context.Journal.Notes.Doubt, untracked, new KeptImages(context));
        IReadOnlyList<DiskKey> keys = DiskKey.Of(
            [.. opened.Select(item => (item.Disk.Identity!, item.Attached.InstanceId))]);
        for (int position = 0; position < opened.Count; position++)
        {
            disks.Add(changes.Of(keys[position], opened[position].Disk));
        }
    }

    private string? WhyUntracked(List<(AttachedDisk Attached, FrozenDisk Disk)> opened)
    {
        if (checkpoint.IsBeforeTracking)
        {
            return $"a machine of configuration version {checkpoint.Version} has no change tracking";
        }

        return opened.Exists(item => item.Disk.Facts.IsTracked)
            ? null
            : "the host tracks changes of none of the machine's disks";
    }

    /// <summary>Where the checkpoint cannot be converted, the restore point is good all the same; what the host tracks
    /// is not believed any more.</summary>
    private Dictionary<string, string> SealAll()
    {
        RequireThere();
        if (untracked is not null)
        {
            return SealUntracked();
        }

        List<SnapshotDisk> unmoved = [.. disks.Where(disk => disk.Paged?.IsUnmoved() ?? false)];
        List<string> told = [.. disks.Select(disk => disk.Disk.Facts.MostRecentId).OfType<string>()];
        CloseDisks();
        try
        {
            ReferencePoint point = new Conversion(context, calls).Run(machine, checkpoint, told);
            Dictionary<string, string> ids = new TrackingIds(context).Of(machine, point);
            HeldDisk[] held = [.. from disk in unmoved
                                  where !disk.Key.IsShared && ids.ContainsKey(disk.Key.Identity)
                                  select new HeldDisk(
                                      disk.Key.Identity, ids[disk.Key.Identity], disk.Disk.VirtualSizeBytes,
                                      disk.Disk.LogicalSectorSizeBytes, disk.Disk.Description)];
            made = new HeldPoint(point.InstanceId, lastApplied, others, held);
            context.Journal.Enter(CycleStage.Sealed, notes => notes with
            {
                Held = [.. notes.Held, made],
                Doubt = held.Length > 0 ? null : TrackingIds.NoneTold,
            });
            return held.ToDictionary(disk => disk.Identity, disk => disk.TrackingId);
        }
        catch (HostException failure)
        {
            return Unsealed(failure);
        }
    }

    /// <summary>Whoever removed it (an administrator; this program on another host that backs the same machine up into
    /// the same repository) had its images merged: what was read since may be of another moment.</summary>
    private void RequireThere()
    {
        bool isGone = context.Catalog.FindSettings(checkpoint.Path) is null;
        if (isGone && context.Catalog.FindMachine(context.Options.Machine) is not null) // else it moved with it
        {
            throw new HostException(
                $"The checkpoint of '{machine?.Name}' was removed by somebody else while it was read; run again.");
        }
    }

    private Dictionary<string, string> Unsealed(HostException failure)
    {
        context.Environment.Warn(
            $"{failure.Message} The restore point is whole; the next backup compares by checksum.");
        context.Journal.Note(notes => notes with
        {
            Doubt = "the checkpoint before could not be made a reference point",
        });
        return [];
    }

    /// <summary>Hosts may track from the first reference point on only. What the checkpoint before it held, its
    /// tracking ids need not stand for: none is recorded. Where checkpoints are kept that is tried once, as it costs
    /// the one that is kept.</summary>
    private Dictionary<string, string> SealUntracked()
    {
        bool isTried = context.Options.KeepCheckpoints && context.Journal.Notes.IsTrackingTried;
        CloseDisks();
        try
        {
            ReferencePoint? first = mayBeginTracking && !isTried
                ? new FirstConversion(context, calls).Try(machine, checkpoint)
                : null;
            if (first is null)
            {
                return context.Options.KeepCheckpoints ? KeepCheckpoint() : [];
            }

            made = new HeldPoint(first.InstanceId, lastApplied, others, []) { IsBeginning = true };
            context.Journal.Enter(CycleStage.Sealed, notes => notes with
            {
                Held = [.. notes.Held, made],
                Doubt = null,
            });
            return [];
        }
        catch (HostException failure)
        {
            return Unsealed(failure);
        }
    }

    /// <summary>The checkpoint stays: its images stand for what was read of them.</summary>
    private Dictionary<string, string> KeepCheckpoint()
    {
        string trackingId = $"checkpoint {checkpoint.InstanceId}";
        HeldDisk[] held = [.. from disk in disks
                              where !disk.Key.IsShared
                              select new HeldDisk(
                                  disk.Key.Identity, trackingId, disk.Disk.VirtualSizeBytes,
                                  disk.Disk.LogicalSectorSizeBytes, disk.Disk.Description)];
        if (held.Length == 0)
        {
            return [];
        }

        made = new HeldPoint(checkpoint.InstanceId, lastApplied, others, held) { IsCheckpoint = true };
        context.Journal.Enter(CycleStage.Sealed, notes => notes with
        {
            Held = [.. notes.Held, made],
            Checkpoint = null,
            Job = null,
            Doubt = null,
        });
        return held.ToDictionary(disk => disk.Identity, disk => disk.TrackingId);
    }

    /// <summary>What its images hold is noted once the checkpoint before is merged with them.</summary>
    private void Settle(HeldPoint kept)
    {
        CloseDisks();
        HeldPoint settled = new KeptImages(context.ForCleanUp()).Settled(machine, kept);
        context.Journal.Note(notes => notes with
        {
            Held = [.. notes.Held.Select(held => held.InstanceId == kept.InstanceId ? settled : held)],
        });
    }

    private void CloseDisks() => disks.ForEach(disk => disk.Disk.Dispose());

    /// <summary>What fails here is said and nothing more: the restore point is published, or another failure told, and
    /// the next backup takes away what is left.</summary>
    private void End(Action steps)
    {
        if (isEnded)
        {
            return;
        }

        isEnded = true;
        CloseDisks();
        try
        {
            steps();
        }
        catch (Exception failure) when (failure is HostException or OperationCanceledException)
        {
            context.Environment.Warn($"{failure.Message} The next backup takes away what is left.");
        }
    }
}
