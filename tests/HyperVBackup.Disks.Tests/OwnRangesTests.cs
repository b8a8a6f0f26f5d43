using HyperVBackup.Disks.Vhdx;
using HyperVBackup.Testing.Images;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhdx.VhdxFixture;

namespace HyperVBackup.Disks.Tests;

/// <summary>What an image says by itself of a disk, whatever its parents hold. Of VHDs a property test shows it.
/// </summary>
public sealed class OwnRangesTests : IDisposable
{
    private const long SizeBytes = 8 * MiB;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_child_says_what_was_put_into_it_zeros_included()
    {
        string parent = folder.File("base.vhdx");
        Write(parent, Options(SizeBytes), (0, RandomBytes((int)SizeBytes, 1)));
        DifferencingImage image = new(SizeBytes, MiB, 512);
        using (VhdxDisk disk = VhdxDisk.Open(parent))
        {
            image.SetParent(disk.DataWriteGuid, "base.vhdx");
        }

        image.PutBlock(1, RandomBytes(MiB, 2));
        image.Mark(2, BlockState.Zero);
        image.Mark(4, BlockState.Unmapped);
        image.PutSectors(6, RandomBytes(MiB, 3), sector => sector is 3 or 4 or 2047);
        using VhdxDisk child = VhdxDisk.Open(folder.File("child.avhdx", image.Build()));

        const long Sixth = 6 * MiB;
        Assert.Equal(
            [
                new(MiB, 2 * MiB), new(4 * MiB, MiB), new(Sixth + (3 * 512), 2 * 512), new(Sixth + (2047 * 512), 512),
            ],
            child.OwnRanges(new ByteRange(0, SizeBytes)));
        Assert.Equal(
            [new((3 * MiB) - 512, 512), new(4 * MiB, 100)],
            child.OwnRanges(new ByteRange((3 * MiB) - 512, MiB + 612)));
    }

    [Fact]
    public void An_image_without_a_parent_says_everything()
    {
        string path = folder.File("base.vhdx");
        Write(path, Options(SizeBytes), (MiB, RandomBytes(MiB, 1)));
        using VhdxDisk disk = VhdxDisk.Open(path);
        Assert.Equal([new ByteRange(5, SizeBytes - 6)], disk.OwnRanges(new ByteRange(5, SizeBytes - 6)));
    }
}
