using System.Runtime.InteropServices;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Index;

/// <summary>The 16 bytes kept for a chunk. The check binds key, place and repository together, so that a flipped bit,
/// or an entry of another repository, is noticed where it is read.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct StoredPlace
{
    public const int SizeBytes = 16;

    private readonly uint packOrdinal;
    private readonly uint offsetBytes;
    private readonly uint lengthBytes;
    private readonly uint check;

    public StoredPlace(in IndexKey key, uint packOrdinal, uint offsetBytes, uint lengthBytes, ulong salt)
    {
        (this.packOrdinal, this.offsetBytes, this.lengthBytes) = (packOrdinal, offsetBytes, lengthBytes);
        check = CheckOf(in key, salt);
    }

    /// <summary>True for <c>default</c>: nothing is known.</summary>
    public bool IsNone => lengthBytes == 0;

    public uint PackOrdinal => packOrdinal;

    public bool Fits(in IndexKey key, ulong salt) => lengthBytes != 0 && check == CheckOf(in key, salt);

    public RecordPlace In(PackName pack) => new(pack, offsetBytes, lengthBytes);

    private uint CheckOf(in IndexKey key, ulong salt)
    {
        ulong mixed = Mix(Mix(salt, key.First), key.Second);
        mixed = Mix(mixed, ((ulong)packOrdinal << 32) | offsetBytes);
        mixed = Mix(mixed, lengthBytes);
        return unchecked((uint)(mixed ^ (mixed >> 32)));
    }

    private static ulong Mix(ulong mixed, ulong word)
    {
        ulong product = unchecked((mixed ^ word) * 0x9E37_79B9_7F4A_7C15);
        return product ^ (product >> 29);
    }
}
