using HyperVBackup.Disks.Changes;
using HyperVBackup.Format;
using HyperVBackup.Storage;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Benchmarks.Scenarios.Rooflines;

/// <summary>Read the records of a run of chunks, neighbours at once; decode, hash, write; one flush.</summary>
internal sealed class RestoreRoofline(
    ScanPlan plan, RecordFile records, Dictionary<ChunkId, RecordSpan> stored, string path, long virtualSizeBytes)
{
    private const int ChunkSizeBytes = ChunkBuffers.ChunkSizeBytes;

    public void Run()
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, virtualSizeBytes);
        Workers.Run(plan.Runs.Length, (buffers, number) => Take(file, buffers, number));
        DurableFile.FlushHandle(file, path);
    }

    private void Take(SafeFileHandle file, ChunkBuffers buffers, int number)
    {
        ChunkId[] ids = plan.Ids[number];
        for (int first = 0; first < ids.Length;)
        {
            int end = Neighbours(ids, first);
            if (end > first)
            {
                Fill(ids, first, end, buffers);
                Write(file, plan.Runs[number], first, end, buffers);
            }

            first = Math.Max(end, first + 1);
        }
    }

    /// <summary>The end of the chunks from <paramref name="first"/> on whose records stand one after another.</summary>
    private int Neighbours(ChunkId[] ids, int first)
    {
        int end = first;
        long expectedBytes = -1;
        while (end < ids.Length && !ids[end].IsZero)
        {
            RecordSpan span = stored[ids[end]];
            if (expectedBytes >= 0 && span.OffsetBytes != expectedBytes)
            {
                break;
            }

            expectedBytes = span.OffsetBytes + span.LengthBytes;
            end++;
        }

        return end;
    }

    private void Fill(ChunkId[] ids, int first, int end, ChunkBuffers buffers)
    {
        RecordSpan start = stored[ids[first]];
        RecordSpan last = stored[ids[end - 1]];
        int lengthBytes = (int)(last.OffsetBytes + last.LengthBytes - start.OffsetBytes);
        records.Read(start.OffsetBytes, buffers.Records.AsSpan(0, lengthBytes));
        for (int position = first; position < end; position++)
        {
            RecordSpan span = stored[ids[position]];
            ReadOnlySpan<byte> record = buffers.Records.AsSpan(
                (int)(span.OffsetBytes - start.OffsetBytes), span.LengthBytes);
            buffers.Decode(ids[position], record, buffers.PlainAt(position));
        }
    }

    private void Write(SafeFileHandle file, ChunkRun run, int first, int end, ChunkBuffers buffers)
    {
        long offsetBytes = (run.FirstIndex + first) * ChunkSizeBytes;
        int lengthBytes = (int)Math.Min((end - first) * ChunkSizeBytes, virtualSizeBytes - offsetBytes);
        RandomAccess.Write(file, buffers.Plain.AsSpan(first * ChunkSizeBytes, lengthBytes), offsetBytes);
    }
}
