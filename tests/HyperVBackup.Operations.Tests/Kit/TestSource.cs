using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Operations.Tests.Kit;

/// <summary>A change source that says what it was told to, and notes what is asked of it.</summary>
internal sealed class TestSource(IDisk disk) : IChangeSource
{
    public string Description => "test";

    public string? Since { get; init; }

    /// <summary>What <see cref="IDiskView.Seal"/> gives.</summary>
    public string? Id { get; init; }

    public DiskChanges Changes { get; init; } = new DiskChanges.Lost("told so");

    public ViewStamp? Stamp { get; init; }

    /// <summary>Told of each step before it is done; may throw.</summary>
    public Action<string>? Step { get; init; }

    /// <summary>The steps asked for, those that threw too.</summary>
    public List<string> Steps { get; } = [];

    public static TestSource Tracked(
        IDisk disk, string? since, string? id, params (long OffsetBytes, long LengthBytes)[] ranges) =>
        new(disk) { Since = since, Id = id, Changes = new DiskChanges.Known(ChangedRanges.Build(ranges)) };

    public IDiskView Open()
    {
        Note("Open");
        return new View(this);
    }

    private void Note(string step)
    {
        Steps.Add(step);
        Step?.Invoke(step);
    }

    private sealed class View(TestSource source) : IDiskView
    {
        public IDisk Disk { get; } = source.OpenDisk();

        public DiskChanges Changes => source.Changes;

        public ViewStamp? Stamp => source.Stamp;

        public string? Seal()
        {
            source.Note("Seal");
            return source.Id;
        }

        public void Confirm() => source.Note("Confirm");

        public void Abandon() => source.Note("Abandon");

        public void AbandonNoted() => source.Note("AbandonNoted");

        public void Dispose()
        {
            source.Note("Dispose");
            Disk.Dispose();
        }
    }

    /// <summary>Opened again after it was closed, it is the same disk.</summary>
    private IDisk OpenDisk() => disk is MemoryDisk { IsDisposed: true } closed ? closed.Snapshot() : disk;
}
