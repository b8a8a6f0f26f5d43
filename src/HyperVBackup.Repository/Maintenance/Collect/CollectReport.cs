using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>What a <see cref="Collector"/> did, or with <see cref="CollectOptions.DryRun"/> what it would do. Bytes in
/// files count every copy.</summary>
public sealed record CollectReport
{
    /// <summary>Of all packs, at first.</summary>
    public long BytesBefore { get; init; }

    /// <summary>Of all packs, in the end.</summary>
    public long BytesAfter { get; init; }

    /// <summary>Of the files deleted.</summary>
    public long BytesFreed { get; init; }

    public long FilesDeleted { get; init; }

    /// <summary>Restore points that are gone now.</summary>
    public IReadOnlyList<SessionId> PointsRemoved { get; init; } = [];

    public long PacksRemoved { get; init; }

    /// <summary>Of those removed, packs whose live records were copied into others first.</summary>
    public long PacksRepacked { get; init; }

    /// <summary>Bytes of records copied into other packs.</summary>
    public long BytesRepacked { get; init; }

    /// <summary>Sessions given up because they stood in the way and showed no sign of life.</summary>
    public IReadOnlyList<SessionId> SessionsFenced { get; init; } = [];

    /// <summary>Read from map packs and from footers of all packs; what this host knew of them is not read again.
    /// </summary>
    public long MapBytesRead { get; init; }

    /// <summary>Collections carried out, or taken over from others.</summary>
    public int CollectionCount { get; init; }
}
