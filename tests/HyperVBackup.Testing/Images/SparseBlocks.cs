using System.Buffers.Binary;
using HyperVBackup.Disks.Vhdx;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Testing.Images;

/// <summary>Gives an image that holds no blocks yet many at once, all of them holes of the file: as large as one likes,
/// and made in no time. Their size is 1 MiB, that of a sector 512 bytes.</summary>
internal static class SparseBlocks
{
    private const int MiB = 1 << 20;
    private const int SectorSizeBytes = 512;
    private const long BatAt = 3 * MiB;

    /// <param name="blockStep">One block in so many is given its place, the first one among them.</param>
    public static void Place(string path, long virtualSizeBytes, int blockStep)
    {
        BatLayout layout = new(virtualSizeBytes, MiB, SectorSizeBytes, hasParent: false);
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        byte[] table = new byte[layout.EntryCount * BatEntry.SizeBytes];
        long at = RandomAccess.GetLength(file);
        for (long block = 0; block < layout.BlockCount; block += blockStep, at += layout.BlockSizeBytes)
        {
            Put(table, layout.EntryOfBlock(block), new BatEntry(BlockState.FullyPresent, at));
        }

        RandomAccess.SetLength(file, at);
        RandomAccess.Write(file, table, BatAt);
    }

    /// <summary>Makes every block of a differencing image partially present.</summary>
    /// <param name="bits">The sector bitmap of each chunk of blocks, 1 MiB.</param>
    public static void PlacePartly(string path, long virtualSizeBytes, byte[] bits)
    {
        BatLayout layout = new(virtualSizeBytes, MiB, SectorSizeBytes, hasParent: true);
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        byte[] table = new byte[layout.EntryCount * BatEntry.SizeBytes];
        long at = RandomAccess.GetLength(file);
        for (long block = 0; block < layout.BlockCount; block++, at += layout.BlockSizeBytes)
        {
            if (block % layout.BlocksPerChunk == 0)
            {
                Put(table, layout.EntryOfBitmap(block / layout.BlocksPerChunk), new(BlockState.FullyPresent, at));
                RandomAccess.Write(file, bits, at);
                at += bits.Length;
            }

            Put(table, layout.EntryOfBlock(block), new BatEntry(BlockState.PartiallyPresent, at));
        }

        RandomAccess.SetLength(file, at);
        RandomAccess.Write(file, table, BatAt);
    }

    private static void Put(byte[] table, long entry, BatEntry value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan((int)(entry * BatEntry.SizeBytes)), value.Value);
}
