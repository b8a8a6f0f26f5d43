using System.Runtime.InteropServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// The 24 bytes kept for a chunk. With its 32-byte id and FASTER's 8-byte header an entry is 64 bytes: one cache line,
/// never across two sectors. The check binds id, place and repository together, so that a flipped bit, or an entry of
/// another repository, is noticed where it is read.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct StoredPlace
{
    public const int SizeBytes = 24;

    private readonly uint packOrdinal;
    private readonly uint offsetBytes;
    private readonly uint lengthBytes;
    private readonly uint reserved;
    private readonly ulong check;

    public StoredPlace(in ChunkId id, uint packOrdinal, uint offsetBytes, uint lengthBytes, ulong salt)
    {
        (this.packOrdinal, this.offsetBytes, this.lengthBytes, reserved) = (packOrdinal, offsetBytes, lengthBytes, 0);
        check = CheckOf(in id, salt);
    }

    /// <summary>True for <c>default</c>: nothing is known.</summary>
    public bool IsNone => lengthBytes == 0;

    public uint PackOrdinal => packOrdinal;

    public bool Fits(in ChunkId id, ulong salt) => check == CheckOf(in id, salt);

    public RecordPlace In(PackName pack) => new(pack, offsetBytes, lengthBytes);

    private ulong CheckOf(in ChunkId id, ulong salt)
    {
        ulong mixed = salt;
        foreach (ulong word in MemoryMarshal.Cast<ChunkId, ulong>(new ReadOnlySpan<ChunkId>(in id)))
        {
            mixed = Mix(mixed, word);
        }

        mixed = Mix(mixed, ((ulong)packOrdinal << 32) | offsetBytes);
        return Mix(mixed, ((ulong)lengthBytes << 32) | reserved);
    }

    private static ulong Mix(ulong mixed, ulong word)
    {
        ulong product = unchecked((mixed ^ word) * 0x9E37_79B9_7F4A_7C15);
        return product ^ (product >> 29);
    }
}
