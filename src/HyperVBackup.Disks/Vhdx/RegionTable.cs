using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>A region table: where the block allocation table and the metadata lie. The file holds it twice.</summary>
internal static class RegionTable
{
    public const int SizeBytes = 64 << 10;
    public const long FirstAt = 192 << 10;
    public const long SecondAt = 256 << 10;
    public const int EntriesAt = CountAt + (2 * sizeof(uint));

    public const string Structure = "region table";

    private const int StartSizeBytes = 4 << 10;
    private const int ChecksumAt = 4;
    private const int CountAt = ChecksumAt + sizeof(uint);

    private static ReadOnlySpan<byte> Signature => "regi"u8;

    /// <summary>Reads the table, usually only its start: where the checksum is that of the start and zeros, no entry
    /// stands further on. False where signature or checksum is wrong.</summary>
    /// <param name="bytes">The whole table.</param>
    /// <param name="entryCount">As stored: not yet held against any limit.</param>
    /// <exception cref="DiskImageException">The file is cut off or cannot be read.</exception>
    public static bool TryRead(VhdxFile file, long atBytes, out byte[] bytes, out uint entryCount)
    {
        bytes = new byte[SizeBytes];
        file.ReadStructure(Structure, atBytes, bytes.AsSpan(0, StartSizeBytes));
        if (!IsWhole(bytes))
        {
            file.ReadStructure(Structure, atBytes + StartSizeBytes, bytes.AsSpan(StartSizeBytes));
        }
        entryCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(CountAt));
        return IsWhole(bytes);
    }

    public static void WriteTo(Span<byte> bytes, params ReadOnlySpan<RegionEntry> entries)
    {
        bytes = bytes[..SizeBytes];
        bytes.Clear();
        Signature.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[CountAt..], entries.Length);
        for (int index = 0; index < entries.Length; index++)
        {
            entries[index].WriteTo(bytes[(EntriesAt + (index * RegionEntry.SizeBytes))..]);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[ChecksumAt..], Crc32C.WithoutField(bytes, ChecksumAt));
    }

    private static bool IsWhole(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith(Signature)
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumAt..]) == Crc32C.WithoutField(bytes, ChecksumAt);
}
