using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>A region table: where the block allocation table and the metadata lie. The file holds it twice.</summary>
internal static class RegionTable
{
    public const int SizeBytes = 64 << 10;
    public const long FirstAt = 192 << 10;
    public const long SecondAt = 256 << 10;
    public const int EntriesAt = CountAt + (2 * sizeof(uint));

    private const int ChecksumAt = 4;
    private const int CountAt = ChecksumAt + sizeof(uint);

    private static ReadOnlySpan<byte> Signature => "regi"u8;

    /// <summary>False where signature or checksum is wrong.</summary>
    /// <param name="entryCount">As stored: not yet held against any limit.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out uint entryCount)
    {
        entryCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes[CountAt..]);
        return bytes.StartsWith(Signature)
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumAt..]) == Crc32C.WithoutField(bytes, ChecksumAt);
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
}
