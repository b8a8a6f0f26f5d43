using System.Buffers.Binary;
using HyperVBackup.Disks.Vhd;
using HyperVBackup.Testing.Images;
using Xunit;

namespace HyperVBackup.Disks.Tests.Vhd;

/// <summary>A small image whose structures the tests of this folder damage, and where they lie.</summary>
internal static class VhdFixture
{
    public const int KiB = 1 << 10;
    public const int BlockSize = 4 * KiB;
    public const int SizeBytes = 10 * BlockSize;
    public const int Header = 512;
    public const int Table = 512 + 1024 + 2048;
    public const int FirstBlock = Table + 512;
    public const int Stride = 512 + BlockSize;

    public static Guid Id { get; } = new("11111111-2222-4333-8444-555555555555");

    public static Guid ParentId { get; } = new("66666666-7777-4888-8999-aaaaaaaaaaaa");

    /// <summary>10 blocks of 4 KiB, of which the file has the third and then the first, and sector 3 of the last.
    /// </summary>
    public static VhdBuilder Builder(byte[] content)
    {
        VhdBuilder builder = new(SizeBytes, BlockSize, Id);
        foreach ((int at, int length) in ((int, int)[])[(8 * KiB, 4 * KiB), (0, 4 * KiB), ((37 * KiB) + 512, 512)])
        {
            new Random(at).NextBytes(content.AsSpan(at, length));
            builder.Write(at, content.AsSpan(at, length));
        }

        return builder;
    }

    /// <summary>Where the image's footer lies.</summary>
    public static int FooterOf(byte[] bytes) => bytes.Length - 512;

    public static void Put(byte[] bytes, int at, int size, ulong value)
    {
        Span<byte> field = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(field, value);
        field[(8 - size)..].CopyTo(bytes.AsSpan(at));
    }

    /// <summary>Makes the checksums right again, so that a field alone is wrong.</summary>
    public static void Reseal(byte[] bytes)
    {
        foreach (int at in (int[])[0, Header, FooterOf(bytes)])
        {
            if (bytes[at + 1] is (byte)'o' or (byte)'x')
            {
                VhdBuilder.Seal(bytes.AsSpan(at));
            }
        }
    }

    /// <summary>Reads all there is, in bounded steps: a field may have made the disk huge.</summary>
    public static byte[] Traverse(string path)
    {
        using IDisk disk = DiskImage.Open(path);
        byte[] content = new byte[Math.Min(disk.VirtualSizeBytes, 1 << 20)];
        for (int at = 0; at < content.Length; at += 30_000)
        {
            disk.Read(at, content.AsSpan(at, Math.Min(content.Length - at, 30_000)));
        }

        disk.Read(0, content);
        if (content.Length > 0)
        {
            Assert.True(disk.AllocatedRanges(new ByteRange(0, content.Length)).Count() < 1000);
            Assert.True(((IImageChain)disk).OwnRanges(new ByteRange(0, content.Length)).Count() < 1000);
        }

        return content;
    }
}
