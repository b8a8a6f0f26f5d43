using System.Globalization;
using System.Runtime.InteropServices;
using HyperVBackup.Format;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>
/// Marks in a file, ascending, in blocks of 4 KiB. Each block says which table it is of, and where in it, under a
/// checksum; so neither damage nor a block of another file is ever taken for marks. The layout is this host's own and
/// may change with any version. One thread at a time.
/// </summary>
/// <param name="file">Null where there are none.</param>
internal sealed class MarkTable(SafeFileHandle? file, Digest id, long count) : ISortedSource<Mark>, IDisposable
{
    public const int BlockBytes = 4 << 10;
    public const int MarksInBlock = (BlockBytes - MarksAt) / Mark.SizeBytes;
    private const int ChecksumAt = 0;
    private const int ChecksumBytes = 16;
    private const int IdAt = ChecksumAt + ChecksumBytes;
    private const int NumberAt = IdAt + Digest.SizeBytes;
    private const int MarksAt = NumberAt + sizeof(long);
    private byte[] blocks = [];
    private int holderCount = 1;

    /// <summary>Random: no other table ever has it.</summary>
    public Digest Id => id;

    public long Count => count;

    public int PieceCount => MarksInBlock;

    public static MarkTable Empty() => new(null, default, 0);

    /// <summary>Of the file.</summary>
    public static long LengthOf(long count) => (count + MarksInBlock - 1) / MarksInBlock * BlockBytes;

    /// <summary>For one more who disposes of it.</summary>
    public MarkTable Share()
    {
        holderCount++;
        return this;
    }

    /// <inheritdoc/>
    /// <exception cref="MarksUnusableException">This is not what was written.</exception>
    public void Read(long first, Span<Mark> output)
    {
        int blockCount = (output.Length + MarksInBlock - 1) / MarksInBlock;
        blocks = blocks.Length < blockCount * BlockBytes ? new byte[blockCount * BlockBytes] : blocks;
        long number = first / MarksInBlock;
        ReadBlocks(number, blocks.AsSpan(0, blockCount * BlockBytes));
        for (int index = 0; index < blockCount; index++, number++)
        {
            ReadOnlySpan<byte> block = blocks.AsSpan(index * BlockBytes, BlockBytes);
            if (!IsBlock(block, number))
            {
                throw new MarksUnusableException(string.Create(
                    CultureInfo.InvariantCulture, $"Block {number} of the kept marks {id} is damaged."));
            }

            Span<Mark> wanted = output.Slice(
                index * MarksInBlock, Math.Min(MarksInBlock, output.Length - (index * MarksInBlock)));
            block.Slice(MarksAt, wanted.Length * Mark.SizeBytes).CopyTo(MemoryMarshal.AsBytes(wanted));
        }
    }

    public void Dispose()
    {
        if (--holderCount == 0)
        {
            file?.Dispose();
        }
    }

    /// <param name="block">All zeros.</param>
    /// <param name="marks">As many as there is room for, at most.</param>
    public static void WriteBlock(Span<byte> block, Digest id, long number, ReadOnlySpan<Mark> marks)
    {
        id.WriteTo(block[IdAt..]);
        MemoryMarshal.Write(block[NumberAt..], number);
        MemoryMarshal.AsBytes(marks).CopyTo(block[MarksAt..]);
        Span<byte> checksum = stackalloc byte[Digest.SizeBytes];
        ChecksumOf(block).WriteTo(checksum);
        checksum[..ChecksumBytes].CopyTo(block);
    }

    private void ReadBlocks(long number, Span<byte> bytes)
    {
        try
        {
            ScratchReads.ReadExactly(file!, bytes, number * BlockBytes);
        }
        catch (IOException failure)
        {
            throw new MarksUnusableException($"The kept marks {id} cannot be read.", failure);
        }
    }

    private bool IsBlock(ReadOnlySpan<byte> block, long number)
    {
        Span<byte> checksum = stackalloc byte[Digest.SizeBytes];
        ChecksumOf(block).WriteTo(checksum);
        return checksum[..ChecksumBytes].SequenceEqual(block.Slice(ChecksumAt, ChecksumBytes))
            && new Digest(block.Slice(IdAt, Digest.SizeBytes)) == id
            && MemoryMarshal.Read<long>(block[NumberAt..]) == number;
    }

    /// <summary>Any good hash of this host's own would do.</summary>
    private static Digest ChecksumOf(ReadOnlySpan<byte> block) => ContentHasher.Plain.IdOfList(block[IdAt..]).Value;
}
