using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Operations.Backup;

/// <summary>What the backup of one disk counted; written by the last stages only.</summary>
internal sealed class DiskTally
{
    private const int MismatchesKeptMax = 1000;

    public long ChunksNew { get; set; }

    public long BytesNew { get; set; }

    public long RecordBytes { get; set; }

    /// <summary>Bytes of chunks that differ from the parent's (of all non-zero chunks without a parent).</summary>
    public long BytesChanged { get; set; }

    /// <summary>Chunks met that are not all zeros.</summary>
    public long ChunksNonZero { get; set; }

    /// <summary>Audited chunks that are not all zeros.</summary>
    public long ChunksAuditedNonZero { get; set; }

    /// <summary>How many more chunks are non-zero now than in the parent, among those met.</summary>
    public long NonZeroGrowth { get; set; }

    /// <summary>Chunks met that are as they were in the parent.</summary>
    public long ChunksInherited { get; set; }

    /// <summary>Audited chunks that had changed though the source said they had not.</summary>
    public long MismatchCount { get; private set; }

    /// <summary>The first of them.</summary>
    public List<ChunkRun> FirstMismatches { get; } = [];

    /// <summary>Counts in what an earlier pass over the disk stored for the same point.</summary>
    public void AddStored(DiskTally? earlier)
    {
        ChunksNew += earlier?.ChunksNew ?? 0;
        BytesNew += earlier?.BytesNew ?? 0;
        RecordBytes += earlier?.RecordBytes ?? 0;
    }

    /// <summary>Counts in chunks, none of them zeros, that are as they were in the parent.</summary>
    public void AddUnchanged(long chunkCount)
    {
        ChunksInherited += chunkCount;
        ChunksNonZero += chunkCount;
    }

    /// <summary>Notes such a chunk; in ascending order.</summary>
    public void AddMismatch(long chunkIndex)
    {
        MismatchCount++;
        if (FirstMismatches.Count > 0 && FirstMismatches[^1].EndIndex == chunkIndex)
        {
            FirstMismatches[^1] = FirstMismatches[^1] with { Count = FirstMismatches[^1].Count + 1 };
        }
        else if (FirstMismatches.Count < MismatchesKeptMax)
        {
            FirstMismatches.Add(new ChunkRun(chunkIndex, 1));
        }
    }
}
