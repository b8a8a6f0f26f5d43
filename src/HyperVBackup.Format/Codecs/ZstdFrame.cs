using HyperVBackup.Format.Limits;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace HyperVBackup.Format.Codecs;

/// <summary>
/// Writes and reads one Zstandard frame that says how long its content is. Each thread keeps its contexts, so that
/// nothing is allocated for a body; one for compressing grows with the level and the longest body. Expanding takes
/// the same memory whatever a frame asks for, since it goes straight into the plain bytes' place.
/// </summary>
internal static class ZstdFrame
{
    [ThreadStatic]
    private static Compressor? compressor;

    [ThreadStatic]
    private static Decompressor? decompressor;

    /// <returns>The length of the frame; 0 where <paramref name="output"/> has no room for it.</returns>
    public static int Encode(ReadOnlySpan<byte> plain, Span<byte> output, int level)
    {
        compressor ??= new Compressor(FormatLimits.ZstdLevelMin);
        if (compressor.Level != level)
        {
            compressor.Level = level;
        }

        return compressor.TryWrap(plain, output, out int length) ? length : 0;
    }

    /// <returns>False where <paramref name="stored"/> is not exactly one frame, which says itself that it holds just
    /// as many bytes as <paramref name="plain"/>; that is overwritten then too.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        if (!IsOneFrameOf(stored, plain.Length))
        {
            return false;
        }

        decompressor ??= new Decompressor();
        try
        {
            return decompressor.TryUnwrap(stored, plain, out int length) && length == plain.Length;
        }
        catch (ZstdException)
        {
            // How the codec says "no frame".
            return false;
        }
    }

    private static unsafe bool IsOneFrameOf(ReadOnlySpan<byte> stored, int plainLength)
    {
        fixed (byte* bytes = stored)
        {
            nuint length = (nuint)stored.Length;
            return Methods.ZSTD_findFrameCompressedSize(bytes, length) == length
                && Methods.ZSTD_getFrameContentSize(bytes, length) == (ulong)plainLength;
        }
    }
}
