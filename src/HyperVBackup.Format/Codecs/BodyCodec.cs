using HyperVBackup.Format.Limits;
using K4os.Compression.LZ4;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace HyperVBackup.Format.Codecs;

/// <summary>Compresses and expands the bodies of records. Allocates nothing once a thread's contexts exist.</summary>
internal static class BodyCodec
{
    private const int WorthwhileShare = 16;

    [ThreadStatic]
    private static Compressor? compressor;

    [ThreadStatic]
    private static Decompressor? decompressor;

    /// <summary>Compresses <paramref name="plain"/>, or copies it where that saves less than a sixteenth.</summary>
    /// <param name="output">At least as long as <paramref name="plain"/>; must not overlap it.</param>
    /// <returns>The codec that was used, and the bytes written.</returns>
    public static (Codec Codec, int StoredLengthBytes) Encode(
        ReadOnlySpan<byte> plain, Compression compression, Span<byte> output)
    {
        Span<byte> worthwhile = output[..(plain.Length - (plain.Length / WorthwhileShare))];
        int length = compression.Codec switch
        {
            Codec.Lz4 => LZ4Codec.Encode(plain, worthwhile),
            Codec.Zstd => EncodeZstd(plain, worthwhile, compression.Level),
            _ => 0,
        };
        if (length > 0 && length < plain.Length)
        {
            return (compression.Codec, length);
        }

        plain.CopyTo(output);
        return (Codec.None, plain.Length);
    }

    /// <summary>Expands a stored body to exactly <paramref name="plain"/>.</summary>
    /// <exception cref="CorruptDataException">The body is not that long, or no output of its codec.</exception>
    public static void Decode(Codec codec, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        if (codec == Codec.None)
        {
            Corrupt.Unless(stored.Length == plain.Length, "body: length");
            stored.CopyTo(plain);
            return;
        }

        int length = codec == Codec.Lz4 ? LZ4Codec.Decode(stored, plain) : DecodeZstd(stored, plain);
        Corrupt.Unless(length == plain.Length, codec == Codec.Lz4 ? "body: LZ4 block" : "body: zstd frame");
    }

    private static int EncodeZstd(ReadOnlySpan<byte> plain, Span<byte> output, int level)
    {
        compressor ??= new Compressor(FormatLimits.ZstdLevelMin);
        if (compressor.Level != level)
        {
            compressor.Level = level;
        }

        return compressor.TryWrap(plain, output, out int length) ? length : 0;
    }

    private static int DecodeZstd(ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        if (!IsOneZstdFrame(stored))
        {
            return -1;
        }

        decompressor ??= new Decompressor();
        try
        {
            return decompressor.TryUnwrap(stored, plain, out int length) ? length : -1;
        }
        catch (ZstdException)
        {
            // How the codec says "not a frame": for the caller the same as a wrong length.
            return -1;
        }
    }

    private static unsafe bool IsOneZstdFrame(ReadOnlySpan<byte> stored)
    {
        fixed (byte* bytes = stored)
        {
            return Methods.ZSTD_findFrameCompressedSize(bytes, (nuint)stored.Length) == (nuint)stored.Length;
        }
    }
}
