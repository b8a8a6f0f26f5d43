using HyperVBackup.Format;

namespace HyperVBackup.Benchmarks.Scenarios.Rooflines;

/// <summary>Read all records from the first to the last, decode, hash.</summary>
internal sealed class VerifyRoofline(RecordFile records, Dictionary<ChunkId, RecordSpan> stored)
{
    private readonly (ChunkId Id, RecordSpan Span)[] all =
        [.. stored.Select(chunk => (chunk.Key, chunk.Value)).OrderBy(chunk => chunk.Value.OffsetBytes)];

    public void Run()
    {
        int runCount = (all.Length + ChunkBuffers.ChunksPerRun - 1) / ChunkBuffers.ChunksPerRun;
        Workers.Run(runCount, (buffers, number) =>
        {
            int first = number * ChunkBuffers.ChunksPerRun;
            Check(all.AsSpan(first, Math.Min(ChunkBuffers.ChunksPerRun, all.Length - first)), buffers);
        });
    }

    private void Check(ReadOnlySpan<(ChunkId Id, RecordSpan Span)> run, ChunkBuffers buffers)
    {
        long startBytes = run[0].Span.OffsetBytes;
        long endBytes = run[^1].Span.OffsetBytes + run[^1].Span.LengthBytes;
        Span<byte> window = buffers.Records.AsSpan(0, (int)(endBytes - startBytes));
        records.Read(startBytes, window);
        foreach ((ChunkId id, RecordSpan span) in run)
        {
            ReadOnlySpan<byte> record = window.Slice((int)(span.OffsetBytes - startBytes), span.LengthBytes);
            buffers.Decode(id, record, buffers.PlainAt(0));
        }
    }
}
