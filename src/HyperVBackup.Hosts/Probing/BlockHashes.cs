using System.Security.Cryptography;
using HyperVBackup.Disks;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts.Probing;

/// <summary>What a disk held, block by block: enough to tell what differs. Immutable.</summary>
internal sealed class BlockHashes
{
    private const int BlockBytes = 64 << 10;
    private readonly byte[] hashes;

    private BlockHashes(byte[] hashes) => this.hashes = hashes;

    /// <summary>Reads all of a disk.</summary>
    /// <exception cref="DiskImageException">It cannot be read.</exception>
    public static BlockHashes Of(FrozenDisk disk)
    {
        long count = (disk.VirtualSizeBytes + BlockBytes - 1) / BlockBytes;
        byte[] hashes = new byte[checked(count * SHA256.HashSizeInBytes)];
        byte[] block = new byte[BlockBytes];
        for (int index = 0; index < count; index++)
        {
            long offset = (long)index * BlockBytes;
            Span<byte> bytes = block.AsSpan(0, (int)Math.Min(BlockBytes, disk.VirtualSizeBytes - offset));
            disk.Read(offset, bytes);
            SHA256.HashData(bytes, hashes.AsSpan(index * SHA256.HashSizeInBytes));
        }

        return new BlockHashes(hashes);
    }

    /// <param name="bytes">What <see cref="ToBytes"/> wrote.</param>
    public static BlockHashes From(byte[] bytes) => new(bytes);

    public byte[] ToBytes() => hashes;

    /// <summary>The blocks of a disk of the same size that differ, by number.</summary>
    public IReadOnlyList<long> Differing(BlockHashes other) =>
        [.. Enumerable.Range(0, hashes.Length / SHA256.HashSizeInBytes)
            .Where(index => !At(index).SequenceEqual(other.At(index))).Select(index => (long)index)];

    public bool IsOfSameSize(BlockHashes other) => hashes.Length == other.hashes.Length;

    /// <summary>Whether a block has a byte of any of these ranges.</summary>
    public static bool IsIn(long block, IEnumerable<ByteRange> ranges) => ranges.Any(range =>
        range.StartBytes < (block + 1) * BlockBytes && range.EndBytes > block * BlockBytes);

    private ReadOnlySpan<byte> At(int index) =>
        hashes.AsSpan(index * SHA256.HashSizeInBytes, SHA256.HashSizeInBytes);
}
