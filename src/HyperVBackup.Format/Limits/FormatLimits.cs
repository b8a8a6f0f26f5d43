namespace HyperVBackup.Format.Limits;

/// <summary>
/// What no repository may exceed, as in repo-format/limits.md. Every count and length read from disk is held against
/// one of these before anything is allocated for it.
/// </summary>
public static class FormatLimits
{
    /// <summary>The unit of zero detection and hashing.</summary>
    public const int PageSizeBytes = 4096;

    public const int ChunkSizeMinBytes = 16 * 1024;
    public const int ChunkSizeMaxBytes = 4 * 1024 * 1024;
    public const int ChunkSizeDefaultBytes = 64 * 1024;
    public const int PagesPerChunkMin = ChunkSizeMinBytes / PageSizeBytes;
    public const int PagesPerChunkMax = ChunkSizeMaxBytes / PageSizeBytes;

    public const long VirtualSizeMaxBytes = 64L << 40;

    /// <summary>One more than the greatest index a chunk can have: the largest disk in the smallest chunks.</summary>
    public const long ChunkCountMax = VirtualSizeMaxBytes / ChunkSizeMinBytes;

    /// <summary>Children of a map node.</summary>
    public const int FanOut = 16;

    /// <summary>The level of the top node over <see cref="ChunkCountMax"/> chunks.</summary>
    public const int LevelMax = 8;

    /// <summary>Characters of the name in a file header; one byte each.</summary>
    public const int FileNameLengthMax = 96;

    public const int RecordPlainLengthMaxBytes = 16 * 1024 * 1024;
    public const int RecordExtensionLengthMaxBytes = 8 * 1024;

    /// <summary>Records that a recipe may take pages from: eight others, and the one of its own literal pages.
    /// </summary>
    public const int RecipeSourceCountMax = 9;

    public const long PackLengthMaxBytes = 1L << 30;
    public const int PackRecordCountMax = 4 * 1024 * 1024;
    public const int ChunkPackTargetBytes = 64 * 1024 * 1024;
    public const int MapPackTargetBytes = 16 * 1024 * 1024;

    /// <summary>What parity counts in: a sector is the least that disks lose.</summary>
    public const int ParityBlockSizeBytes = 512;

    /// <summary>Data blocks of a codeword.</summary>
    public const int ParityColumnCountMax = 200;

    /// <summary>Packs of one group.</summary>
    public const int ParityPackCountMax = 32;

    /// <summary>Blocks of a stripe, data and parity: 48 MiB.</summary>
    public const int ParityStripeBlockCountMax = 98_304;

    public const int ListSegmentEntryCountMax = 25_000;
    public const int ListSegmentCountMax = 200_000;
    public const int ConfigurationFileLengthMaxBytes = 8 * 1024 * 1024;
    public const int ConfigurationFileNameLengthMaxBytes = 1024;

    /// <summary>The whole file: header, record and all.</summary>
    public const int RestorePointFileLengthMaxBytes = 1024 * 1024;

    /// <summary>So that header and record fit the file also where compression does not pay.</summary>
    public const int RestorePointBodyLengthMaxBytes = RestorePointFileLengthMaxBytes - 1024;

    /// <summary>The whole file, of leases, signs of life, prune marks, pins and of the repository's settings.</summary>
    public const int SmallFileLengthMaxBytes = 64 * 1024;

    /// <summary>Restore points that one collection may name.</summary>
    public const int CollectionPointCountMax = 200_000;

    /// <summary>Packs that one collection may name; later collections take the others.</summary>
    public const int CollectionPackCountMax = 500_000;

    /// <summary>The whole file of a collection.</summary>
    public const int CollectionFileLengthMaxBytes = 14 * 1024 * 1024;

    /// <summary>Slices of a note of what was verified when.</summary>
    public const int VerifiedSliceCountMax = 4096;

    /// <summary>Sessions that such a note may name.</summary>
    public const int SeenSessionCountMax = 500_000;

    /// <summary>The whole file of such a note.</summary>
    public const int VerifiedFileLengthMaxBytes = 12 * 1024 * 1024;
    /// <summary>Places that one damage note may name.</summary>
    public const int DamagedPlaceCountMax = 100_000;

    /// <summary>The whole file of a damage note.</summary>
    public const int DamageNoteFileLengthMaxBytes = 7 * 1024 * 1024;

    public const int DiskCountMax = 512;
    public const int DiskListCountMax = 3;
    public const int AuditDueCountMax = 100;
    public const int SourceCatchCountMax = 256;
    public const int ConfigurationFileCountMax = 256;
    public const int RestorePointExtensionLengthMaxBytes = 64 * 1024;

    /// <summary>UTF-16 code units of a virtual machine's or disk's name.</summary>
    public const int NameLengthMax = 200;

    /// <summary>UTF-8 bytes of any other text: identities, tracking ids, reasons, hosts.</summary>
    public const int TextLengthMaxBytes = 4096;

    public const int SectorSizeMinBytes = 512;
    public const int SectorSizeMaxBytes = 4096;
    public const int ZstdLevelMin = 1;
    public const int ZstdLevelMax = 19;

    /// <summary>True for the powers of two from 16 KiB to 4 MiB.</summary>
    public static bool IsChunkSize(long sizeBytes) =>
        sizeBytes is >= ChunkSizeMinBytes and <= ChunkSizeMaxBytes && long.IsPow2(sizeBytes);
}
