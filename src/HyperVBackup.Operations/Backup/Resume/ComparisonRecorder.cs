using System.Buffers;
using HyperVBackup.Format;

namespace HyperVBackup.Operations.Backup.Resume;

/// <summary>Notes what batches of chunks turned out to be, as runs, a piece for each batch. One thread at a time.
/// </summary>
internal sealed class ComparisonRecorder(ComparisonLog log)
{
    private readonly ArrayBufferWriter<byte> runs = new();
    private readonly List<ChunkId> ids = [];
    private ComparedKind kind;
    private long nextIndex = log.ResumedIndex;
    private long count;
    private long nonZeroCount;

    /// <summary>Notes a batch that is stored; what was noted before is passed over.</summary>
    public void Note(ChunkBatch batch)
    {
        if (batch.Gap.End > nextIndex)
        {
            Invariant.Check(batch.Gap.Start == nextIndex);
            Add(ComparedKind.Zeros, batch.Gap.End - nextIndex);
        }

        for (int position = 0; position < batch.Count; position++)
        {
            if (batch.Indexes[position] >= nextIndex)
            {
                NoteChunk(batch.Indexes[position], batch.Ids[position], batch.Parents[position].Id);
            }
        }

        EndRun();
        if (runs.WrittenCount > 0)
        {
            log.Append(runs.WrittenSpan, nextIndex);
            runs.ResetWrittenCount();
        }
    }

    private void NoteChunk(long index, ChunkId id, ChunkId before)
    {
        if (index > nextIndex)
        {
            Add(ComparedKind.Same, index - nextIndex); // without a parent, what the image does not hold
        }

        if (id == before)
        {
            Add(ComparedKind.Same, 1);
            nonZeroCount += id.IsZero ? 0 : 1;
        }
        else if (id.IsZero)
        {
            Add(ComparedKind.Zeros, 1);
        }
        else
        {
            Add(ComparedKind.Found, 1);
            ids.Add(id);
        }
    }

    private void Add(ComparedKind added, long addedCount)
    {
        if (count > 0 && kind != added)
        {
            EndRun();
        }

        kind = added;
        count += addedCount;
        nextIndex += addedCount;
    }

    private void EndRun()
    {
        if (count > 0)
        {
            ComparisonFrame.Write(new ComparedRun(kind, nextIndex - count, count, nonZeroCount, ids.ToArray()), runs);
        }

        (count, nonZeroCount) = (0, 0);
        ids.Clear();
    }
}
