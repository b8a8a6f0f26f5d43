namespace HyperVBackup.Disks.Vhdx;

/// <summary>What a new VHDX is to be.</summary>
public sealed record VhdxWriterOptions
{
    /// <summary>Size of the disk: a multiple of the logical sector size, at most 64 TiB.</summary>
    public required long VirtualSizeBytes { get; init; }

    /// <summary>Fills a span with random bytes, of which the file's ids are made.</summary>
    public required Action<Span<byte>> FillRandom { get; init; }

    /// <summary>The virtual disk id (page 83) that tells the disk from every other; null for a fresh one.</summary>
    public Guid? DiskId { get; init; }

    /// <summary>512 or 4096.</summary>
    public int LogicalSectorSizeBytes { get; init; } = 512;

    /// <summary>512 or 4096.</summary>
    public int PhysicalSectorSizeBytes { get; init; } = 4096;

    /// <summary>A power of two from 1 MiB to 256 MiB.</summary>
    public int BlockSizeBytes { get; init; } = 32 << 20;

    /// <summary>Whether every block has its place in the file from the start. Holes take no space even so, where the
    /// file system knows them.</summary>
    public bool IsFixed { get; init; }
}
