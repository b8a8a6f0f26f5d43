using K4os.Compression.LZ4;

namespace HyperVBackup.Format.Codecs;

/// <summary>Compresses and expands the bodies of records. Allocates nothing once a thread's contexts exist.</summary>
internal static class BodyCodec
{
    private const int WorthwhileShare = 16;

    /// <summary>Compresses <paramref name="plain"/>, or copies it where that saves less than a sixteenth.</summary>
    /// <param name="plain">At least one byte.</param>
    /// <param name="output">At least as long as <paramref name="plain"/>; must not overlap it.</param>
    /// <returns>The codec that was used, and the bytes written.</returns>
    public static (Codec Codec, int StoredLengthBytes) Encode(
        ReadOnlySpan<byte> plain, Compression compression, Span<byte> output)
    {
        Span<byte> room = output[..plain.Length];
        int lengthMaxBytes = Math.Min(plain.Length - (plain.Length / WorthwhileShare), plain.Length - 1);
        int length = compression.Codec switch
        {
            Codec.Lz4 => Lz4Encoder.Encode(plain, room, lengthMaxBytes),
            Codec.Zstd => ZstdFrame.Encode(plain, room[..lengthMaxBytes], compression.Level),
            _ => 0,
        };
        if (length > 0)
        {
            return (compression.Codec, length);
        }

        plain.CopyTo(room);
        return (Codec.None, plain.Length);
    }

    /// <summary>Expands a stored body to exactly <paramref name="plain"/>, whatever the repository compresses with.
    /// </summary>
    /// <exception cref="CorruptDataException">The body is not that long, or no output of its codec.</exception>
    public static void Decode(Codec codec, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        switch (codec)
        {
            case Codec.None:
                Corrupt.Unless(stored.Length == plain.Length, "body: length");
                stored.CopyTo(plain);
                break;
            case Codec.Lz4:
                Corrupt.Unless(LZ4Codec.Decode(stored, plain) == plain.Length, "body: LZ4 block");
                break;
            default:
                Corrupt.Unless(ZstdFrame.TryDecode(stored, plain), "body: zstd frame");
                break;
        }
    }
}
