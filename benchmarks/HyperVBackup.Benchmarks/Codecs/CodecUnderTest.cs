using HyperVBackup.Format.Codecs;
using K4os.Compression.LZ4;
using ZstdSharp;

namespace HyperVBackup.Benchmarks.Codecs;

/// <summary>A way to compress and expand chunks; its name is what the table calls it. Both give the bytes written;
/// compressing gives 0 where it saves less than a sixteenth. Not thread-safe.</summary>
internal sealed record CodecUnderTest(string Name, CodecUnderTest.Work Compress, CodecUnderTest.Work Expand)
{
    public delegate int Work(ReadOnlySpan<byte> input, Span<byte> output);

    public static IReadOnlyList<CodecUnderTest> All { get; } =
    [
        new("LZ4, K4os", (plain, output) => LZ4Codec.Encode(plain, output[..Worthwhile(plain)]), ExpandLz4),
        new("LZ4, ours", (plain, output) => Lz4Encoder.Encode(plain, output, Worthwhile(plain)), ExpandLz4),
        Zstd(1),
        Zstd(3),
    ];

    private static int Worthwhile(ReadOnlySpan<byte> plain) => plain.Length - (plain.Length / 16);

    private static int ExpandLz4(ReadOnlySpan<byte> stored, Span<byte> output) => LZ4Codec.Decode(stored, output);

    private static CodecUnderTest Zstd(int level)
    {
        Compressor compressor = new(level);
        Decompressor decompressor = new();
        return new(
            $"zstd {level}",
            (plain, output) => compressor.TryWrap(plain, output[..Worthwhile(plain)], out int length) ? length : 0,
            (stored, output) => decompressor.TryUnwrap(stored, output, out int length) ? length : -1);
    }
}
