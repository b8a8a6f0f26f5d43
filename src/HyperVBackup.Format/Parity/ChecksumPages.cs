using System.Buffers.Binary;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Parity;

/// <summary>The checksums of a stripe's blocks in pages, each of which proves itself, so that damage costs no more than
/// the page it hits; see repo-format/parity.md.</summary>
internal static class ChecksumPages
{
    public const int SizeBytes = FormatLimits.ParityBlockSizeBytes;
    public const int EntryCount = (SizeBytes / BlockChecksum.SizeBytes) - 1;
    internal const int ChecksumAt = EntryCount * BlockChecksum.SizeBytes;

    public static int CountFor(int blockCount) => (blockCount + EntryCount - 1) / EntryCount;

    /// <param name="pages">Whole pages; what no checksum fills is zeros.</param>
    public static void Write(int stripe, ReadOnlySpan<uint> checksums, Span<byte> pages)
    {
        pages.Clear();
        for (int page = 0; page * SizeBytes < pages.Length; page++)
        {
            Span<byte> bytes = pages.Slice(page * SizeBytes, SizeBytes);
            int first = page * EntryCount;
            foreach (uint checksum in checksums[first..Math.Min(first + EntryCount, checksums.Length)])
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, checksum);
                bytes = bytes[sizeof(uint)..];
            }

            bytes = pages.Slice(page * SizeBytes, SizeBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(
                bytes[ChecksumAt..], BlockChecksum.Of(stripe, page, bytes[..ChecksumAt]));
        }
    }

    /// <summary>Takes the checksums of one good page.</summary>
    /// <returns>False where the page is damaged.</returns>
    public static bool TryRead(int stripe, int page, ReadOnlySpan<byte> pages, Span<uint> checksums)
    {
        ReadOnlySpan<byte> bytes = pages.Slice(page * SizeBytes, SizeBytes);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumAt..])
            != BlockChecksum.Of(stripe, page, bytes[..ChecksumAt]))
        {
            return false;
        }

        int first = page * EntryCount;
        Span<uint> entries = checksums[first..Math.Min(first + EntryCount, checksums.Length)];
        for (int index = 0; index < entries.Length; index++)
        {
            entries[index] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(index * sizeof(uint))..]);
        }

        return true;
    }
}
