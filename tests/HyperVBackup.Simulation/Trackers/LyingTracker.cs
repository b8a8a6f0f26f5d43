using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Operations.Tests.Kit;

namespace HyperVBackup.Simulation.Trackers;

/// <summary>A tracker that knows what changed up to one moment, and tells it as its misbehaviour will have it.
/// </summary>
/// <param name="changes">What changed since each state it knows, as of that moment.</param>
/// <param name="disk">The disk at that moment.</param>
/// <param name="other">Another disk, which it may take for this one.</param>
internal sealed class LyingTracker(
    Misbehaviour misbehaviour, Random random, IReadOnlyDictionary<string, (long, long)[]> changes, MemoryDisk disk,
    MemoryDisk other)
    : IChangeTracker
{
    private const int Chunk = Bench.ChunkSizeBytes;

    private readonly int granuleBytes = misbehaviour == Misbehaviour.OverReports
        ? 512 << random.Next(1, 10)
        : 512 << random.Next(4);

    private readonly int oddPage = random.Next(3);
    private int pageCount;
    private int epoch;

    /// <summary>Told of each call before it is answered; may throw.</summary>
    public required Action Call { get; init; }

    /// <summary>The chunk about which it told nothing though it had changed; null if there is none.</summary>
    public long? OmittedChunk { get; private set; }

    private bool IsInParts => misbehaviour is not (Misbehaviour.None or Misbehaviour.OverReports);

    public TrackedState Look()
    {
        Call();
        MemoryDisk spokenOf = misbehaviour == Misbehaviour.AnswersForAnotherDisk ? other : disk;
        return new TrackedState(spokenOf.Identity, spokenOf.VirtualSizeBytes, $"epoch-{epoch}");
    }

    public ChangePage Ask(string since, long offsetBytes, long lengthBytes)
    {
        Call();
        if (!changes.TryGetValue(since, out (long OffsetBytes, long LengthBytes)[]? changed))
        {
            throw new DiskImageException($"The id '{since}' is not known (0xC03A0029).");
        }

        bool isOdd = pageCount++ == oddPage;
        if (misbehaviour == Misbehaviour.ChangesIdWhileAsked)
        {
            epoch = 1;
        }

        long partBytes = IsInParts ? random.NextInt64(1, 1 + (lengthBytes / granuleBytes)) * granuleBytes : lengthBytes;
        partBytes = Math.Min(partBytes, lengthBytes);
        return Distort(isOdd, offsetBytes, lengthBytes, partBytes, Tell(Omit(changed), offsetBytes, partBytes));
    }

    /// <summary>Begins anew.</summary>
    public void BeginAnew() => epoch = 2;

    private IEnumerable<(long OffsetBytes, long LengthBytes)> Omit((long OffsetBytes, long LengthBytes)[] changed)
    {
        if (misbehaviour != Misbehaviour.UnderReportsOneChunk || changed.Length == 0)
        {
            return changed;
        }

        OmittedChunk ??= changed[random.Next(changed.Length)].OffsetBytes / Chunk;
        return changed.Where(range => range.OffsetBytes / Chunk != OmittedChunk);
    }

    /// <summary>The granules that begin in a part. A lie is to the chunk: its granules are no larger.</summary>
    private List<(ulong Offset, ulong Length)> Tell(
        IEnumerable<(long OffsetBytes, long LengthBytes)> changed, long offsetBytes, long lengthBytes)
    {
        List<(ulong Offset, ulong Length)> told = [.. changed
            .SelectMany(range => new[] { range.OffsetBytes, range.OffsetBytes + range.LengthBytes - 1 })
            .Select(at => at / granuleBytes * granuleBytes)
            .Where(at => at >= offsetBytes && at < offsetBytes + lengthBytes)
            .Distinct()
            .Select(at => ((ulong)at, (ulong)granuleBytes))];
        if (misbehaviour == Misbehaviour.OverReports)
        {
            told.AddRange([.. told.Where(_ => random.Next(2) == 0)]);
            long at = offsetBytes + random.NextInt64(lengthBytes);
            told.Add(((ulong)at, (ulong)random.NextInt64(disk.VirtualSizeBytes)));
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(told));
        }

        return told;
    }

    private ChangePage Distort(
        bool isOdd, long offsetBytes, long lengthBytes, long partBytes, List<(ulong Offset, ulong Length)> told)
    {
        ulong processed = (ulong)partBytes;
        ulong[] offsets = [.. told.Select(range => range.Offset)];
        ulong[] lengths = [.. told.Select(range => range.Length)];
        switch (misbehaviour)
        {
            case Misbehaviour.ZeroProgress when isOdd:
                processed = 0;
                break;
            case Misbehaviour.TooMuchProgress when isOdd:
                processed = (ulong)lengthBytes + 512;
                break;
            case Misbehaviour.UnequalLists when isOdd:
                lengths = [.. lengths, 512];
                break;
            case Misbehaviour.ImpossibleRange when isOdd:
                offsets = [.. offsets, (ulong)(offsetBytes + partBytes)];
                lengths = [.. lengths, 512];
                break;
        }

        return new ChangePage(processed, offsets, lengths);
    }
}
