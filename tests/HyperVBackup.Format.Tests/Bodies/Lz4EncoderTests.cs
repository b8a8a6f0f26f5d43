using System.Buffers.Binary;
using System.Diagnostics;
using FsCheck.Xunit;
using HyperVBackup.Format.Codecs;
using K4os.Compression.LZ4;
using Xunit;

namespace HyperVBackup.Format.Tests.Bodies;

/// <summary>Our blocks are LZ4 blocks, wherever they are read, and nothing beside them is written.</summary>
public static class Lz4EncoderTests
{
    private const int GuardBytes = 64;
    private const byte Guard = 0xA5;
    private const uint LegacyFrameMagic = 0x184C2102;

    [Property(MaxTest = 300)]
    public static void Any_bytes_come_back(int seed)
    {
        Sample sample = new(seed);
        int length = sample.Flip() ? sample.Below(300) : sample.Below(70_000);
        RequireComesBack(CodecSample.Mixed(seed, length));
    }

    [Fact]
    public static void Bytes_of_every_short_length_come_back()
    {
        for (int length = 0; length < 160; length++)
        {
            RequireComesBack(new byte[length]);
            RequireComesBack(new Sample(length).Bytes(length));
            RequireComesBack([.. Enumerable.Range(0, length).Select(at => (byte)(at % 5))]);
            RequireComesBack([.. Enumerable.Range(0, length).Select(at => (byte)(at % 40))]);
        }
    }

    [Theory]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(65_600)]
    [InlineData(131_072)]
    [InlineData(1 << 20)]
    [InlineData(4 << 20)]
    public static void Bytes_at_the_limits_of_a_distance_and_beyond_come_back(int length)
    {
        RequireComesBack(new byte[length]);
        RequireComesBack(CodecSample.Mixed(length, length));
        byte[] far = new Sample(length).Bytes(length);
        foreach (int distance in new[] { 65_534, 65_535, 65_536, 65_540 })
        {
            int copied = Math.Min(200, length - distance);
            if (copied > 0)
            {
                far.AsSpan(0, copied).CopyTo(far.AsSpan(distance));
                RequireComesBack(far);
            }
        }
    }

    [Fact]
    public static void The_largest_record_comes_back()
    {
        const int Length = Limits.FormatLimits.RecordPlainLengthMaxBytes;
        RequireComesBack(CodecSample.Mixed(5, Length));
        RequireComesBack(new byte[Length]);
    }

    [Property(MaxTest = 300)]
    public static void A_block_is_never_longer_than_asked_and_nothing_else_is_written(int seed)
    {
        Sample sample = new(seed);
        byte[] plain = CodecSample.Mixed(seed, sample.Below(5000));
        byte[] output = new byte[plain.Length + GuardBytes + sample.Below(400)];
        int roomBytes = sample.Below(output.Length - GuardBytes + 1);
        int lengthMax = sample.Below(roomBytes + 1);
        Array.Fill(output, Guard);
        int length = Lz4Encoder.Encode(plain, output.AsSpan(0, roomBytes), lengthMax);
        Assert.InRange(length, 0, lengthMax);
        Assert.False(output.AsSpan(roomBytes).ContainsAnyExcept(Guard));
        Assert.True(length == 0 || StrictLz4Block.Decode(output.AsSpan(0, length)).AsSpan().SequenceEqual(plain));
    }

    [Fact]
    public static void Reading_stays_within_the_plain_bytes()
    {
        // What follows the plain bytes would lengthen a match, were it looked at.
        byte[] bytes = new byte[4096];
        for (int length = 0; length < 400; length++)
        {
            byte[] output = new byte[length + 100];
            int written = Lz4Encoder.Encode(bytes.AsSpan(64, length), output, output.Length);
            Assert.Equal(length, StrictLz4Block.Decode(output.AsSpan(0, written)).Length);
        }
    }

    [Fact]
    public static void Blocks_are_no_longer_than_those_of_the_reference_encoder()
    {
        long ours = 0;
        long theirs = 0;
        byte[] output = new byte[LZ4Codec.MaximumOutputSize(1 << 16)];
        foreach (byte[] chunk in CodecSample.ProgramChunks())
        {
            ours += Lz4Encoder.Encode(chunk, output, output.Length);
            theirs += LZ4Codec.Encode(chunk, output);
        }

        Assert.InRange(ours, 1, theirs * 102 / 100);
    }

    [Fact]
    public static void The_lz4_program_reads_our_blocks()
    {
        using MemoryStream frames = new();
        using MemoryStream plain = new();
        for (int seed = 0; seed < 200; seed++)
        {
            byte[] bytes = CodecSample.Mixed(seed, 1 + new Sample(seed).Below(100_000));
            byte[] block = RequireComesBack(bytes);
            byte[] header = new byte[2 * sizeof(uint)];
            BinaryPrimitives.WriteUInt32LittleEndian(header, LegacyFrameMagic);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(sizeof(uint)), block.Length);
            frames.Write(header);
            frames.Write(block);
            plain.Write(bytes);
        }

        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, frames.ToArray());
            using Process lz4 = Process.Start(
                new ProcessStartInfo("lz4", ["-d", "-c", path]) { RedirectStandardOutput = true })!;
            using MemoryStream decoded = new();
            lz4.StandardOutput.BaseStream.CopyTo(decoded);
            lz4.WaitForExit();
            Assert.Equal(0, lz4.ExitCode);
            Assert.Equal(plain.ToArray(), decoded.ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <returns>The block.</returns>
    private static byte[] RequireComesBack(byte[] plain)
    {
        byte[] output = new byte[plain.Length + (plain.Length / 128) + GuardBytes];
        int length = Lz4Encoder.Encode(plain, output, output.Length);
        Assert.InRange(length, 1, output.Length);
        byte[] block = output[..length];
        Assert.True(StrictLz4Block.Decode(block).AsSpan().SequenceEqual(plain));
        byte[] decoded = new byte[plain.Length];
        Assert.True(plain.Length == 0 || LZ4Codec.Decode(block, decoded) == plain.Length);
        Assert.True(decoded.AsSpan().SequenceEqual(plain));
        return block;
    }
}
