namespace HyperVBackup.Operations.Backup;

/// <summary>What the backup of one disk counted; written by the last stages only.</summary>
internal sealed class DiskTally
{
    public long ChunksNew { get; set; }

    public long BytesNew { get; set; }

    public long RecordBytes { get; set; }

    /// <summary>Bytes of chunks that differ from the parent's (of all non-zero chunks without a parent).</summary>
    public long BytesChanged { get; set; }

    /// <summary>Chunks met that are not all zeros.</summary>
    public long ChunksNonZero { get; set; }

    /// <summary>How many more chunks are non-zero now than in the parent, among those met.</summary>
    public long NonZeroGrowth { get; set; }

    /// <summary>Chunks met that are as they were in the parent.</summary>
    public long ChunksInherited { get; set; }

    /// <summary>Audited chunks that had changed though the source said they had not.</summary>
    public List<long> AuditMismatches { get; } = [];
}
