using HyperVBackup.Disks;
using HyperVBackup.Disks.Raw;

namespace HyperVBackup.Cli.Demo;

/// <summary>A raw disk image that behaves a little like a guest's: text that compresses, data that does not, copies
/// of the same files, and large parts never written. The same seed gives the same bytes.</summary>
internal sealed class SampleDisk(string path, int seed)
{
    public const long SizeBytes = 1L << 30;
    private const int PieceBytes = 1 << 20;
    private const int CellBytes = 4096;

    private readonly Random random = new(seed);

    public string Path => path;

    /// <summary>Writes the disk for the first time: about a fifth of it.</summary>
    public void Create(Action<long> written, CancellationToken token)
    {
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.ReadWrite);
        using RawWriter disk = new(file.SafeFileHandle, SizeBytes);
        byte[] piece = new byte[PieceBytes];
        for (long offset = 0; offset < SizeBytes; offset += PieceBytes)
        {
            token.ThrowIfCancellationRequested();
            written(offset);
            if (random.Next(5) == 0)
            {
                Fill(piece);
                disk.Write(offset, piece);
            }
        }

        disk.Complete();
    }

    /// <summary>Changes some cells in place, as a guest would.</summary>
    /// <returns>Exactly what was written, as change tracking would report it.</returns>
    public List<ByteRange> Change(int cellCount)
    {
        List<ByteRange> written = [];
        byte[] cell = new byte[CellBytes];
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite);
        for (int changed = 0; changed < cellCount; changed++)
        {
            long offset = random.NextInt64(SizeBytes / CellBytes) * CellBytes;
            random.NextBytes(cell);
            RandomAccess.Write(file.SafeFileHandle, cell, offset);
            written.Add(new ByteRange(offset, CellBytes));
        }

        return written;
    }

    private void Fill(byte[] piece)
    {
        bool isText = random.Next(2) == 0;
        for (int at = 0; at < piece.Length; at++)
        {
            piece[at] = isText ? (byte)('a' + random.Next(4)) : (byte)random.Next(256);
        }
    }
}
