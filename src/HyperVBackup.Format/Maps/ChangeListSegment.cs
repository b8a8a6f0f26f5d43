using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Maps;

/// <summary>A segment of a change list, as in repo-format/lists.md: chunks ascending, neighbours in one run.</summary>
public static class ChangeListSegment
{
    internal const int RunStartAt = 0;
    internal const int RunCountAt = RunStartAt + sizeof(ulong);
    internal const int RunIdsAt = RunCountAt + sizeof(uint);

    /// <param name="changes">1 to 25,000 chunks with ascending indexes.</param>
    /// <returns>The plain body of a list record.</returns>
    /// <exception cref="ArgumentException">None, too many, not ascending, or an index no disk has.</exception>
    public static byte[] Write(ReadOnlySpan<ChangedChunk> changes)
    {
        RequireWritable(changes);
        BodyWriter body = new();
        new ListHeader(ListKind.Changes, default, changes.Length).WriteTo(body.Reserve(ListHeader.SizeBytes));
        while (!changes.IsEmpty)
        {
            int runLength = CountRun(changes);
            body.Count(changes[0].ChunkIndex);
            body.UInt32(runLength);
            foreach (ChangedChunk change in changes[..runLength])
            {
                body.Digest(change.Id.Value);
            }

            changes = changes[runLength..];
        }

        return body.ToArray();
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/lists.md.</exception>
    public static ChangedChunk[] Read(ReadOnlySpan<byte> plain)
    {
        ChangeListRuns runs = new(plain.ToArray());
        ChangedChunk[] changes = new ChangedChunk[runs.EntryCount];
        int filled = 0;
        while (runs.MoveNext())
        {
            for (int position = 0; position < runs.Count; position++)
            {
                Digest id = new(runs.Ids.Slice(position * Digest.SizeBytes, Digest.SizeBytes));
                changes[filled++] = new ChangedChunk(runs.FirstChunk + position, new ChunkId(id));
            }
        }

        return changes;
    }

    private static int CountRun(ReadOnlySpan<ChangedChunk> changes)
    {
        int count = 1;
        while (count < changes.Length && changes[count].ChunkIndex == changes[0].ChunkIndex + count)
        {
            count++;
        }

        return count;
    }

    private static void RequireWritable(ReadOnlySpan<ChangedChunk> changes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(changes.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(changes.Length, FormatLimits.ListSegmentEntryCountMax);
        long previous = -1;
        foreach (ChangedChunk change in changes)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(change.ChunkIndex, previous, nameof(changes));
            previous = change.ChunkIndex;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(previous, FormatLimits.ChunkCountMax, nameof(changes));
    }
}
