using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>Paints a list of changes, slab by slab, with one segment in memory or, between slabs, none. Not
/// thread-safe.</summary>
internal sealed class ChangeListCursor
{
    private readonly ListSegments segments;
    private ChangeListRuns? runs;
    private int runNumber;
    private long lastChunk = -1;
    private bool isStarted;

    /// <exception cref="ArgumentException">The list is of another kind.</exception>
    public ChangeListCursor(ListReference list, INodeSource nodes)
    {
        if (list.Kind != ListKind.Changes)
        {
            throw new ArgumentException($"{list.Kind} is no list of changes.", nameof(list));
        }

        segments = new ListSegments(list, nodes);
    }

    /// <summary>The first chunk not painted yet; at the end of the list <see cref="long.MaxValue"/>.</summary>
    public long NextChunk { get; private set; }

    /// <summary>Finds the list's first chunk.</summary>
    /// <exception cref="CorruptDataException">A part of the list cannot be read, or its parts disagree.</exception>
    public async ValueTask StartAsync(CancellationToken token)
    {
        if (!isStarted)
        {
            isStarted = true;
            await MoveToNextSegmentAsync(token);
        }
    }

    /// <summary>Sets in a slab those changes that lie before its end.</summary>
    /// <exception cref="CorruptDataException">A part of the list cannot be read, or its parts disagree.</exception>
    public async ValueTask PaintAsync(ChangeSlab slab, CancellationToken token)
    {
        while (NextChunk < slab.EndChunk)
        {
            runs ??= await ReadAgainAsync(token);
            if (PaintSegment(runs, slab))
            {
                await MoveToNextSegmentAsync(token);
            }
        }
    }

    /// <summary>Gives the segment's memory back; it will be read again.</summary>
    public void Forget() => runs = null;

    /// <summary>True when the segment is at its end.</summary>
    private bool PaintSegment(ChangeListRuns segment, ChangeSlab slab)
    {
        while (NextChunk < slab.EndChunk)
        {
            int count = (int)(Math.Min(segment.EndChunk, slab.EndChunk) - NextChunk);
            int skipped = (int)(NextChunk - segment.FirstChunk);
            slab.Set(NextChunk, segment.Ids.Slice(skipped * Digest.SizeBytes, count * Digest.SizeBytes));
            NextChunk += count;
            if (NextChunk == segment.EndChunk)
            {
                lastChunk = NextChunk - 1;
                if (!segment.MoveNext())
                {
                    return true;
                }

                runNumber++;
                NextChunk = segment.FirstChunk;
            }
        }

        return false;
    }

    private async ValueTask MoveToNextSegmentAsync(CancellationToken token)
    {
        if (!await segments.MoveNextAsync(token))
        {
            (runs, NextChunk) = (null, long.MaxValue);
            return;
        }

        runs = new ChangeListRuns(await segments.ReadAsync(token));
        runs.MoveNext();
        runNumber = 1;
        NextChunk = runs.FirstChunk;
        ListSegments.Require(segments.Current, runs.EntryCount, NextChunk, lastChunk);
    }

    private async ValueTask<ChangeListRuns> ReadAgainAsync(CancellationToken token)
    {
        ChangeListRuns again = new(await segments.ReadAsync(token));
        for (int passed = 0; passed < runNumber; passed++)
        {
            again.MoveNext();
        }

        return again;
    }
}
