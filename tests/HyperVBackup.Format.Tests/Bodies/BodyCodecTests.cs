using System.Buffers.Binary;
using FsCheck.Xunit;
using HyperVBackup.Format.Codecs;
using Xunit;
using ZstdSharp;

namespace HyperVBackup.Format.Tests.Bodies;

/// <summary>Whatever stands in a stored body, it expands to its plain length or is refused.</summary>
public static class BodyCodecTests
{
    private const int GuardBytes = 4096;
    private const byte Guard = 0xA5;

    [Theory]
    [InlineData("none")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    [InlineData("zstd:3")]
    [InlineData("zstd:19")]
    public static void What_any_compression_writes_expands_again(string text)
    {
        Assert.True(Compression.TryParse(text, out Compression compression));
        for (int seed = 0; seed < 40; seed++)
        {
            byte[] plain = CodecSample.Mixed(seed, 1 + new Sample(seed).Below(seed < 20 ? 200 : 80_000));
            (Codec codec, byte[] stored) = Encode(plain, compression);
            Assert.True(codec == Codec.None || (codec == compression.Codec && stored.Length < plain.Length));
            byte[] expanded = new byte[plain.Length];
            BodyCodec.Decode(codec, stored, expanded);
            Assert.Equal(plain, expanded);
        }
    }

    [Theory]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public static void What_does_not_pay_is_stored_as_it_is(string text)
    {
        Assert.True(Compression.TryParse(text, out Compression compression));
        byte[] plain = new Sample(1).Bytes(65_536);
        plain.AsSpan(0, 3000).Clear();
        Assert.Equal(Codec.None, Encode(plain, compression).Codec);
        plain.AsSpan(0, 6000).Clear();
        Assert.Equal(compression.Codec, Encode(plain, compression).Codec);
    }

    [Fact]
    public static void A_higher_level_of_zstd_is_smaller()
    {
        int[] lengths = [.. new[] { 1, 3, 19 }.Select(level =>
            CodecSample.ProgramChunks().Sum(chunk => Encode(chunk, Compression.Zstd(level)).Stored.Length))];
        Assert.True(lengths[0] > lengths[1] && lengths[1] > lengths[2], string.Join(", ", lengths));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("lz4")]
    [InlineData("zstd:1")]
    [InlineData("zstd:3")]
    public static void Compressing_and_expanding_allocate_nothing_in_steady_state(string text)
    {
        Assert.True(Compression.TryParse(text, out Compression compression));
        byte[][] bodies = [.. new[] { 4096, 65_536, 200_000 }.Select(length => CodecSample.Mixed(3, length))];
        byte[] stored = new byte[200_000];
        byte[] expanded = new byte[200_000];
        void Work()
        {
            foreach (byte[] plain in bodies)
            {
                (Codec codec, int length) = BodyCodec.Encode(plain, compression, stored);
                BodyCodec.Decode(codec, stored.AsSpan(0, length), expanded.AsSpan(0, plain.Length));
            }
        }

        Work();
        Work();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Work();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Property(MaxTest = 400)]
    public static void A_changed_body_expands_to_its_length_or_is_refused(int seed)
    {
        Sample sample = new(seed);
        byte[] plain = CodecSample.Mixed(seed, 60 + sample.Below(9000));
        (Codec codec, byte[] stored) = Encode(plain, sample.Flip() ? Compression.Lz4 : Compression.Zstd(1));
        byte[] expanded = new byte[plain.Length + GuardBytes];
        for (int round = 0; round < 30; round++)
        {
            byte[] changed = [.. stored.AsSpan(0, sample.Flip() ? stored.Length : 1 + sample.Below(stored.Length))];
            for (int change = sample.Below(4); change >= 0; change--)
            {
                changed[sample.Below(changed.Length)] = (byte)(sample.Flip() ? 255 : sample.Below(256));
            }

            int length = sample.Flip() ? plain.Length : 1 + sample.Below(plain.Length);
            Array.Fill(expanded, Guard);
            Exception? failure = Xunit.Record.Exception(
                () => BodyCodec.Decode(codec, changed, expanded.AsSpan(0, length)));
            Assert.True(failure is null or CorruptDataException, failure?.ToString());
            Assert.False(expanded.AsSpan(length).ContainsAnyExcept(Guard));
        }
    }

    [Fact]
    public static void A_frame_of_another_length_is_refused()
    {
        byte[] plain = CodecSample.Mixed(7, 5000);
        (Codec codec, byte[] stored) = Encode(plain, Compression.Zstd(1));
        foreach (int length in new[] { 1, 4999, 5001, 65_536 })
        {
            Refuses(codec, stored, length);
        }
    }

    [Fact]
    public static void Only_one_frame_that_says_its_length_is_taken()
    {
        byte[] plain = CodecSample.Mixed(8, 5000);
        byte[] frame = Encode(plain, Compression.Zstd(1)).Stored;
        byte[] skippable = [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
        byte[] empty;
        using (Compressor compressor = new())
        {
            empty = compressor.Wrap([]).ToArray();
        }

        Refuses(Codec.Zstd, [.. frame, .. empty], plain.Length);
        Refuses(Codec.Zstd, [.. frame, .. skippable], plain.Length);
        Refuses(Codec.Zstd, [.. skippable, .. frame], plain.Length);
        Refuses(Codec.Zstd, [.. frame, 0], plain.Length);
        Refuses(Codec.Zstd, frame[..^1], plain.Length);
        Refuses(Codec.Zstd, FrameThatDoesNotSayItsLength(plain), plain.Length);
    }

    /// <summary>A frame may ask for a window of terabytes: that many are never taken for it.</summary>
    [Fact]
    public static void A_huge_window_takes_no_memory()
    {
        byte[] plain = CodecSample.Mixed(9, 400);
        const byte FourByteLengthAndWindow = 0x80;
        byte[] frame =
        [
            0x28, 0xB5, 0x2F, 0xFD, FourByteLengthAndWindow, 0xFF, .. BitConverter.GetBytes(plain.Length),
            .. LastRawBlock(plain.Length), .. plain,
        ];
        byte[] expanded = new byte[plain.Length];
        Exception? failure = Xunit.Record.Exception(() => BodyCodec.Decode(Codec.Zstd, frame, expanded));
        Assert.True(failure is CorruptDataException || expanded.AsSpan().SequenceEqual(plain), failure?.ToString());
    }

    private static byte[] FrameThatDoesNotSayItsLength(byte[] plain)
    {
        const byte WindowOf64KiB = 6 << 3;
        return [0x28, 0xB5, 0x2F, 0xFD, 0, WindowOf64KiB, .. LastRawBlock(plain.Length), .. plain];
    }

    private static byte[] LastRawBlock(int lengthBytes)
    {
        byte[] header = new byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32LittleEndian(header, (lengthBytes << 3) | 1);
        return header[..3];
    }

    private static void Refuses(Codec codec, byte[] stored, int length) =>
        Assert.Throws<CorruptDataException>(() => BodyCodec.Decode(codec, stored, new byte[length]));

    private static (Codec Codec, byte[] Stored) Encode(byte[] plain, Compression compression)
    {
        byte[] output = new byte[plain.Length];
        (Codec codec, int length) = BodyCodec.Encode(plain, compression, output);
        return (codec, output[..length]);
    }
}
