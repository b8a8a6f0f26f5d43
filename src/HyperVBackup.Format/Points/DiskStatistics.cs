namespace HyperVBackup.Format.Points;

/// <summary>What making a disk's part of a restore point took. Nothing negative.</summary>
public readonly record struct DiskStatistics
{
    /// <summary>Read from the source, audit not included.</summary>
    public long BytesRead { get; init; }

    /// <summary>Read although the change source called them unchanged.</summary>
    public long BytesAudited { get; init; }

    /// <summary>In chunks that differ from the parent's.</summary>
    public long BytesChanged { get; init; }

    /// <summary>Chunks the repository did not have.</summary>
    public long ChunksNew { get; init; }

    /// <summary>In those chunks, before compression.</summary>
    public long BytesNew { get; init; }

    /// <summary>What those chunks take in packs.</summary>
    public long BytesStored { get; init; }

    /// <summary>Chunks that were read and are as they were in the parent.</summary>
    public long ChunksInherited { get; init; }

    /// <summary>Change lists folded into a synthetic full.</summary>
    public long ListsFolded { get; init; }

    /// <summary>Chunks of the disk that are not all zeros.</summary>
    public long ChunksNonZero { get; init; }

    /// <summary>Where on the disk the next audit goes on.</summary>
    public long AuditCursorBytes { get; init; }

    internal void WriteTo(BodyWriter body)
    {
        ReadOnlySpan<long> fields =
        [
            BytesRead, BytesAudited, BytesChanged, ChunksNew, BytesNew, BytesStored, ChunksInherited, ListsFolded,
            ChunksNonZero, AuditCursorBytes,
        ];
        foreach (long field in fields)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(field);
            body.Count(field);
        }
    }

    internal static DiskStatistics Read(ref BodyReader body) => new()
    {
        BytesRead = body.Count("bytes read"),
        BytesAudited = body.Count("bytes audited"),
        BytesChanged = body.Count("bytes changed"),
        ChunksNew = body.Count("chunks new"),
        BytesNew = body.Count("bytes new"),
        BytesStored = body.Count("bytes stored"),
        ChunksInherited = body.Count("chunks inherited"),
        ListsFolded = body.Count("lists folded"),
        ChunksNonZero = body.Count("chunks non-zero"),
        AuditCursorBytes = body.Count("audit cursor"),
    };
}
