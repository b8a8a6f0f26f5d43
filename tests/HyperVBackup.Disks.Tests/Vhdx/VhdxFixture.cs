using HyperVBackup.Disks.Vhdx;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HyperVBackup.Disks.Tests.Vhdx;

/// <summary>Images made and looked at by the tests of this folder.</summary>
internal static class VhdxFixture
{
    public const int MiB = 1 << 20;

    public static byte[] RandomBytes(int count, int seed)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static VhdxWriterOptions Options(long virtualSizeBytes, int blockSizeBytes = MiB, int seed = 1)
    {
        Random random = new(seed);
        return new VhdxWriterOptions
        {
            VirtualSizeBytes = virtualSizeBytes,
            FillRandom = span => random.NextBytes(span),
            BlockSizeBytes = blockSizeBytes,
        };
    }

    public static void Write(
        string path, VhdxWriterOptions options, params (long OffsetBytes, byte[] Data)[] pieces)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
        using VhdxWriter writer = new(file, options);
        foreach ((long offsetBytes, byte[] data) in pieces)
        {
            writer.Write(offsetBytes, data);
        }
        writer.Complete();
    }

    public static byte[] ReadAll(string path)
    {
        using IDisk disk = DiskImage.Open(path);
        byte[] bytes = new byte[disk.VirtualSizeBytes];
        disk.Read(0, bytes);
        RequireHonestRanges(disk, bytes);
        return bytes;
    }

    /// <summary>Ranges ascend without touching, and only zeros lie outside them.</summary>
    public static void RequireHonestRanges(IDisk disk, byte[] content)
    {
        if (content.Length == 0)
        {
            return;
        }
        long at = -1;
        byte[] left = [.. content];
        foreach (ByteRange range in disk.AllocatedRanges(new ByteRange(0, content.Length)))
        {
            Assert.True(range.StartBytes > at, $"{range} begins before {at} or touches it");
            at = range.EndBytes;
            left.AsSpan((int)range.StartBytes, (int)range.LengthBytes).Clear();
        }
        Assert.True(at <= content.Length);
        Assert.False(left.AsSpan().ContainsAnyExcept((byte)0), "data lies outside the allocated ranges");
    }
}
