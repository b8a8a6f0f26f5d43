using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format;

namespace HyperVBackup.Benchmarks.Scenarios.Rooflines;

/// <summary>Read, search for zeros, hash; of new chunks encode, decode and hash again, write; one flush.</summary>
internal sealed class BackupRoofline(IDisk disk, ScanPlan plan, RecordFile records)
{
    private readonly RecordSpan[][] spans = new RecordSpan[plan.Runs.Length][];

    public void Run()
    {
        Workers.Run(plan.Runs.Length, Take);
        records.Flush();
    }

    /// <summary>Notes where the new chunks are.</summary>
    public void AddTo(Dictionary<ChunkId, RecordSpan> stored)
    {
        for (int number = 0; number < spans.Length; number++)
        {
            int at = 0;
            for (int position = 0; position < plan.Ids[number].Length; position++)
            {
                if (plan.IsNew[number][position])
                {
                    stored.Add(plan.Ids[number][position], spans[number][at++]);
                }
            }
        }
    }

    private void Take(ChunkBuffers buffers, int number)
    {
        ChunkRun run = plan.Runs[number];
        ScanPlan.Read(disk, run, buffers);
        RecordSpan[] found = new RecordSpan[plan.IsNew[number].AsSpan().Count(true)];
        int count = 0;
        int lengthBytes = 0;
        for (int position = 0; position < run.Count; position++)
        {
            ChunkId id = buffers.IdAt(position);
            if (id != plan.Ids[number][position])
            {
                throw new InvalidOperationException("The disk changed while it was read.");
            }

            if (plan.IsNew[number][position])
            {
                int recordBytes = buffers.Encode(id, position, lengthBytes);
                found[count++] = new RecordSpan(lengthBytes, recordBytes);
                lengthBytes += recordBytes;
            }
        }

        long startBytes = records.Append(buffers.Records.AsSpan(0, lengthBytes));
        spans[number] = [.. found.Select(span => span with { OffsetBytes = startBytes + span.OffsetBytes })];
    }
}
