using System.Buffers.Binary;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Packs;

/// <summary>The last bytes of a pack, as in repo-format/pack.md: where the footer's sections lie, and their
/// checksums. The sections follow one another without gaps up to the trailer.</summary>
/// <param name="PagesPerChunk">0 in map packs.</param>
public readonly record struct PackTrailer(
    uint PageSectionStartBytes,
    uint PageSectionLengthBytes,
    uint RecipeSectionLengthBytes,
    uint TableStartBytes,
    int EntryCount,
    int PagesPerChunk)
{
    internal const int MagicAt = 0;
    internal const int PageSectionStartAt = MagicAt + sizeof(ulong);
    internal const int PageSectionLengthAt = PageSectionStartAt + sizeof(uint);
    internal const int RecipeSectionStartAt = PageSectionLengthAt + sizeof(uint);
    internal const int RecipeSectionLengthAt = RecipeSectionStartAt + sizeof(uint);
    internal const int TableStartAt = RecipeSectionLengthAt + sizeof(uint);
    internal const int EntryCountAt = TableStartAt + sizeof(uint);
    internal const int PagesPerChunkAt = EntryCountAt + sizeof(uint);
    internal const int ReservedAt = PagesPerChunkAt + sizeof(uint);
    internal const int PageSectionChecksumAt = ReservedAt + sizeof(uint);
    internal const int RecipeSectionChecksumAt = PageSectionChecksumAt + Checksum.SizeBytes;
    internal const int TableChecksumAt = RecipeSectionChecksumAt + Checksum.SizeBytes;
    internal const int ChecksumAt = TableChecksumAt + Checksum.SizeBytes;
    public const int SizeBytes = ChecksumAt + Checksum.SizeBytes;

    private readonly Checksum pageSectionChecksum;
    private readonly Checksum recipeSectionChecksum;
    private readonly Checksum tableChecksum;

    private PackTrailer(ReadOnlySpan<byte> bytes)
        : this(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[PageSectionStartAt..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[PageSectionLengthAt..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[RecipeSectionLengthAt..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[TableStartAt..]),
            checked((int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(bytes[EntryCountAt..]), int.MaxValue)),
            checked((int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(bytes[PagesPerChunkAt..]), int.MaxValue)))
    {
        pageSectionChecksum = Checksum.Read(bytes[PageSectionChecksumAt..]);
        recipeSectionChecksum = Checksum.Read(bytes[RecipeSectionChecksumAt..]);
        tableChecksum = Checksum.Read(bytes[TableChecksumAt..]);
    }

    public uint RecipeSectionStartBytes => PageSectionStartBytes + PageSectionLengthBytes;

    public int TableLengthBytes => EntryCount * PackEntry.SizeBytes;

    private static ReadOnlySpan<byte> Magic => "HVBPTAIL"u8;

    /// <param name="last104Bytes">The end of the file.</param>
    /// <param name="fileLengthBytes">Of the whole pack.</param>
    /// <exception cref="CorruptDataException">Damaged, or its places do not fit a file of that length.</exception>
    public static PackTrailer Read(ReadOnlySpan<byte> last104Bytes, long fileLengthBytes)
    {
        ReadOnlySpan<byte> bytes = last104Bytes;
        Corrupt.Unless(bytes.Length == SizeBytes, "pack trailer: length");
        Corrupt.Unless(bytes.StartsWith(Magic), "pack trailer: magic");
        Corrupt.Unless(Checksum.Matches(bytes[..ChecksumAt], bytes[ChecksumAt..]), "pack trailer: checksum");
        PackTrailer trailer = new(bytes);
        trailer.RequireSense(fileLengthBytes);
        uint recipeStart = BinaryPrimitives.ReadUInt32LittleEndian(bytes[RecipeSectionStartAt..]);
        Corrupt.Unless(recipeStart == trailer.RecipeSectionStartBytes, "pack trailer: recipe section start");
        Corrupt.Unless(BinaryPrimitives.ReadUInt32LittleEndian(bytes[ReservedAt..]) == 0, "pack trailer: reserved");
        return trailer;
    }

    internal void WriteTo(
        Span<byte> output, ReadOnlySpan<byte> pageSection, ReadOnlySpan<byte> recipeSection, ReadOnlySpan<byte> table)
    {
        Span<byte> bytes = output[..SizeBytes];
        bytes.Clear();
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[PageSectionStartAt..], PageSectionStartBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[PageSectionLengthAt..], PageSectionLengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[RecipeSectionStartAt..], RecipeSectionStartBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[RecipeSectionLengthAt..], RecipeSectionLengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[TableStartAt..], TableStartBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[EntryCountAt..], (uint)EntryCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[PagesPerChunkAt..], (uint)PagesPerChunk);
        Checksum.Write(pageSection, bytes[PageSectionChecksumAt..]);
        Checksum.Write(recipeSection, bytes[RecipeSectionChecksumAt..]);
        Checksum.Write(table, bytes[TableChecksumAt..]);
        Checksum.Write(bytes[..ChecksumAt], bytes[ChecksumAt..]);
    }

    internal bool IsPageSection(ReadOnlySpan<byte> section) => pageSectionChecksum.Fits(section);

    internal bool IsRecipeSection(ReadOnlySpan<byte> section) => recipeSectionChecksum.Fits(section);

    internal bool IsTable(ReadOnlySpan<byte> table) => tableChecksum.Fits(table);

    private void RequireSense(long fileLengthBytes)
    {
        Corrupt.Unless(fileLengthBytes <= FormatLimits.PackLengthMaxBytes, "pack trailer: the pack is too long");
        Corrupt.Unless(EntryCount is > 0 and <= FormatLimits.PackRecordCountMax, "pack trailer: entry count");
        Corrupt.Unless(
            PagesPerChunk == 0 || FormatLimits.IsChunkSize((long)PagesPerChunk * FormatLimits.PageSizeBytes),
            "pack trailer: pages per chunk");
        Corrupt.Unless(PageSectionStartBytes > FileHeader.SizeBytes, "pack trailer: page section start");
        Corrupt.Unless(
            (long)PageSectionStartBytes + PageSectionLengthBytes + RecipeSectionLengthBytes == TableStartBytes,
            "pack trailer: length of the page or recipe section");
        Corrupt.Unless(
            PagesPerChunk != 0 || (PageSectionLengthBytes == 0 && RecipeSectionLengthBytes == 0),
            "pack trailer: page or recipe section in a map pack");
        Corrupt.Unless(
            TableStartBytes + ((long)EntryCount * PackEntry.SizeBytes) == fileLengthBytes - SizeBytes,
            "pack trailer: the sections do not fill the file");
    }
}
