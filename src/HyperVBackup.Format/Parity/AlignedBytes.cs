using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HyperVBackup.Format.Parity;

/// <summary>Memory that begins where a cache line does: vectors that straddle two lines cost twice.</summary>
internal static class AlignedBytes
{
    private const int LineBytes = 64;

    public static unsafe Memory<byte> Allocate(int lengthBytes)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(checked(lengthBytes + LineBytes), pinned: true);
        nuint address = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(bytes));
        return bytes.AsMemory((int)((LineBytes - (address % LineBytes)) % LineBytes), lengthBytes);
    }
}
