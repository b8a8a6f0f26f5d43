using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Operations.Tests.Kit;

namespace HyperVBackup.Simulation.Trackers;

/// <summary>One disk of a machine that runs, with a tracker that misbehaves in one backup. Its view is of one moment,
/// whatever is written meanwhile. It uses the tracker as a source must.</summary>
/// <param name="since">The id that the machine's owner remembers.</param>
/// <param name="id">The id of the new state.</param>
/// <param name="other">A disk that the tracker may take for this one.</param>
internal sealed class LyingSource(
    Machine machine, Misbehaviour misbehaviour, Random random, string? since, string id, MemoryDisk other)
    : IChangeSource
{
    private const int FailingCallMax = 14;

    private readonly int failingCall =
        misbehaviour == Misbehaviour.FailsAtACall ? random.Next(FailingCallMax) : int.MaxValue;

    private int callCount;
    private bool isMoved;

    public string Description => $"{machine.Name}, {misbehaviour}";

    public string? Since => since;

    public Machine Machine => machine;

    public Misbehaviour Misbehaviour => misbehaviour;

    /// <summary>The id of the new state, under which the tracker will know it.</summary>
    public string Id { get; } = misbehaviour == Misbehaviour.RepeatsItsId ? since ?? id : id;

    /// <summary>The id that it gives out for the new state.</summary>
    public string SealedId { get; set; } = misbehaviour == Misbehaviour.RepeatsItsId ? since ?? id : id;

    /// <summary>What the view shows; null until it was opened.</summary>
    public byte[]? Truth { get; private set; }

    public DiskChanges? Changes { get; private set; }

    public LyingTracker? Tracker { get; private set; }

    /// <summary>Whether its owner knows that the new state is recorded.</summary>
    public bool IsConfirmed { get; private set; }

    public IDiskView Open()
    {
        Call();
        MemoryDisk frozen = machine.Disk.Snapshot();
        Truth = [.. frozen.Bytes];
        Dictionary<string, (long, long)[]> known = misbehaviour == Misbehaviour.Resets ? [] : machine.AllChanges();
        Tracker = new LyingTracker(misbehaviour, random, known, frozen, other) { Call = Call };
        machine.Remember(Id); // what is written from now on follows the new state
        PagedChanges changes = new(Tracker, frozen);
        Changes = changes.Read(since);
        frozen.BeforeRead = _ => DuringRead();
        return new View(
            this, misbehaviour == Misbehaviour.ViewGrows ? new ResizingDisk(frozen, 512) : frozen, changes);
    }

    /// <summary>The guest goes on.</summary>
    private void DuringRead()
    {
        Call();
        if (isMoved)
        {
            return;
        }

        isMoved = true;
        machine.Scribble(random.Next(3));
        if (misbehaviour == Misbehaviour.ChangesIdWhileRead)
        {
            Tracker!.BeginAnew();
            machine.Remember(Id);
        }
        else if (misbehaviour == Misbehaviour.GrowsWhileRead)
        {
            machine.Resize();
        }
    }

    private void Call()
    {
        if (Interlocked.Increment(ref callCount) - 1 == failingCall)
        {
            throw new DiskImageException("It fails as it was told to.");
        }
    }

    private sealed class View(LyingSource source, IDisk disk, PagedChanges changes) : IDiskView
    {
        public IDisk Disk => disk;

        public DiskChanges Changes => source.Changes!;

        public string? Seal()
        {
            source.Call();
            return changes.IsUnmoved() ? source.SealedId : null;
        }

        public void Confirm()
        {
            source.IsConfirmed = true;
            source.Call();
        }

        /// <summary>What followed the old state under the same id is gone.</summary>
        public void Abandon()
        {
            if (source.Misbehaviour == Misbehaviour.RepeatsItsId)
            {
                source.Machine.Forget();
            }

            source.Call();
        }

        public void Dispose()
        {
            disk.Dispose();
            source.Call();
        }
    }
}
