using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Format.Parity;

/// <summary>Adds multiples of one block to many: the inner loop of making and using parity. Static, allocates nothing.
/// </summary>
internal static class GaloisRows
{
    /// <summary>Lengths are multiples of this.</summary>
    public const int UnitBytes = 64;

    private const int NibbleCount = 16;
    private const int NibbleBits = 4;
    private const byte NibbleMask = NibbleCount - 1;
    private const int SplitBytesMax = 1024;
    private static readonly byte[] nibbleProducts = MakeNibbleProducts();

    /// <summary>Adds <c>coefficients[i] × source</c> to the i-th row.</summary>
    /// <param name="source">Its length is a multiple of <see cref="UnitBytes"/>.</param>
    /// <param name="rows">As many as coefficients, each as long as the source, side by side; not overlapping it.
    /// </param>
    public static void MultiplyAdd(
        ReadOnlySpan<byte> coefficients, ReadOnlySpan<byte> source, Span<byte> rows, GaloisInstructions instructions)
    {
        Invariant.Check(
            source.Length % UnitBytes == 0 && rows.Length == (long)coefficients.Length * source.Length);
        switch (instructions)
        {
            case GaloisInstructions.Avx512:
                AddAvx512(coefficients, source, rows);
                break;
            case GaloisInstructions.Avx2:
                AddAvx2(coefficients, source, rows);
                break;
            default:
                AddScalar(coefficients, source, rows);
                break;
        }
    }

    private static void AddScalar(ReadOnlySpan<byte> coefficients, ReadOnlySpan<byte> source, Span<byte> rows)
    {
        Span<byte> products = stackalloc byte[GaloisField.Size];
        for (int row = 0; row < coefficients.Length; row++)
        {
            for (int value = 0; value < products.Length; value++)
            {
                products[value] = GaloisField.Multiply(coefficients[row], (byte)value);
            }

            Span<byte> output = rows.Slice(row * source.Length, source.Length);
            for (int index = 0; index < output.Length; index++)
            {
                output[index] ^= products[source[index]];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddAvx512(ReadOnlySpan<byte> coefficients, ReadOnlySpan<byte> source, Span<byte> rows)
    {
        ref byte input = ref MemoryMarshal.GetReference(source);
        nuint lengthBytes = (nuint)source.Length;
        for (int row = 0; row < coefficients.Length; row++)
        {
            Vector512<byte> factor = Vector512.Create(coefficients[row]);
            ref byte output = ref MemoryMarshal.GetReference(rows[(row * source.Length)..]);
            for (nuint at = 0; at < lengthBytes; at += UnitBytes)
            {
                Vector512<byte> product =
                    Gfni.V512.GaloisFieldMultiply(Vector512.LoadUnsafe(ref input, at), factor);
                (product ^ Vector512.LoadUnsafe(ref output, at)).StoreUnsafe(ref output, at);
            }
        }
    }

    private static void AddAvx2(ReadOnlySpan<byte> coefficients, ReadOnlySpan<byte> source, Span<byte> rows)
    {
        for (int start = 0; start < source.Length; start += SplitBytesMax)
        {
            int lengthBytes = Math.Min(SplitBytesMax, source.Length - start);
            AddAvx2(coefficients, source.Slice(start, lengthBytes), rows[start..], source.Length);
        }
    }

    /// <summary>The source is cut into halves of bytes once for all rows.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddAvx2(
        ReadOnlySpan<byte> coefficients, ReadOnlySpan<byte> source, Span<byte> rows, int strideBytes)
    {
        Span<byte> split = stackalloc byte[2 * SplitBytesMax];
        ref byte low = ref MemoryMarshal.GetReference(split);
        ref byte high = ref Unsafe.Add(ref low, SplitBytesMax);
        nuint lengthBytes = (nuint)source.Length;
        Vector256<byte> mask = Vector256.Create(NibbleMask);
        for (nuint at = 0; at < lengthBytes; at += (nuint)Vector256<byte>.Count)
        {
            Vector256<byte> bytes = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(source), at);
            (bytes & mask).StoreUnsafe(ref low, at);
            ((bytes.AsUInt16() >>> NibbleBits).AsByte() & mask).StoreUnsafe(ref high, at);
        }

        for (int row = 0; row < coefficients.Length; row++)
        {
            ReadOnlySpan<byte> table = nibbleProducts.AsSpan(coefficients[row] * 2 * NibbleCount, 2 * NibbleCount);
            Vector256<byte> lows = Twice(table);
            Vector256<byte> highs = Twice(table[NibbleCount..]);
            ref byte output = ref MemoryMarshal.GetReference(rows[(row * strideBytes)..]);
            for (nuint at = 0; at < lengthBytes; at += (nuint)Vector256<byte>.Count)
            {
                Vector256<byte> product =
                    Avx2.Shuffle(lows, Vector256.LoadUnsafe(ref low, at))
                    ^ Avx2.Shuffle(highs, Vector256.LoadUnsafe(ref high, at));
                (product ^ Vector256.LoadUnsafe(ref output, at)).StoreUnsafe(ref output, at);
            }
        }
    }

    private static Vector256<byte> Twice(ReadOnlySpan<byte> bytes)
    {
        Vector128<byte> once = Vector128.Create(bytes[..NibbleCount]);
        return Vector256.Create(once, once);
    }

    /// <summary>For each coefficient its products with the low halves of a byte, then with the high ones.</summary>
    private static byte[] MakeNibbleProducts()
    {
        byte[] made = new byte[GaloisField.Size * 2 * NibbleCount];
        for (int coefficient = 0; coefficient < GaloisField.Size; coefficient++)
        {
            Span<byte> table = made.AsSpan(coefficient * 2 * NibbleCount);
            for (int nibble = 0; nibble < NibbleCount; nibble++)
            {
                table[nibble] = GaloisField.Multiply((byte)coefficient, (byte)nibble);
                table[NibbleCount + nibble] =
                    GaloisField.Multiply((byte)coefficient, (byte)(nibble << NibbleBits));
            }
        }

        return made;
    }
}
