using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Maps;

/// <summary>A segment of a change list, as in repo-format/lists.md: chunks ascending, neighbours in one run.</summary>
public static class ChangeListSegment
{
    internal const int RunStartAt = 0;
    internal const int RunCountAt = RunStartAt + sizeof(ulong);
    internal const int RunIdsAt = RunCountAt + sizeof(uint);
    private const string What = "change list";

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
        BodyReader body = new(plain, What);
        int count = ListHeader.Read(ref body, ListKind.Changes, FormatLimits.ListSegmentEntryCountMax).EntryCount;
        ChangedChunk[] changes = new ChangedChunk[count];
        int filled = 0;
        while (filled < count)
        {
            long first = body.Count("chunk index", FormatLimits.ChunkCountMax - 1);
            body.Require(
                filled == 0 || first > changes[filled - 1].ChunkIndex + 1, "runs overlap, touch or are out of order");
            uint runLength = body.UInt32("run length");
            body.Require(runLength > 0 && runLength <= count - filled, "run length");
            body.Require(first + runLength <= FormatLimits.ChunkCountMax, "chunk index");
            for (uint position = 0; position < runLength; position++)
            {
                changes[filled++] = new ChangedChunk(first + position, new ChunkId(body.Digest("chunk id")));
            }
        }

        body.RequireEnd();
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
