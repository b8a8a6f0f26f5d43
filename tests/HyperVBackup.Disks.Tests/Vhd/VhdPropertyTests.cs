using FsCheck.Xunit;
using HyperVBackup.Disks.Vhd;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhdx.VhdxFixture;

namespace HyperVBackup.Disks.Tests.Vhd;

/// <summary>Chains of any writes and checkpoints, against a byte array and against readers of others.</summary>
public sealed class VhdPropertyTests : IDisposable
{
    private const int SectorBytes = 512;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Property(MaxTest = 30)]
    public void Any_chain_reads_as_a_byte_array_model_of_it(int seed)
    {
        Random random = new(seed);
        VhdModel model = new(folder, seed, blockSizeBytes: 4096 << random.Next(10));
        model.Make(SectorBytes * random.Next(1, 4096), random.Next(4), isFixed: random.Next(3) == 0);
        foreach ((string path, byte[] content, bool[] isOwn) in model.Links)
        {
            Assert.True(content.AsSpan().SequenceEqual(ReadAll(path)), path);
            using VhdDisk disk = VhdDisk.Open(path);
            RequireOwn(isOwn, disk);
            for (int i = 0; i < 10; i++)
            {
                int at = random.Next(content.Length);
                byte[] some = new byte[random.Next(Math.Min(content.Length - at, MiB))];
                disk.Read(at, some);
                Assert.True(content.AsSpan(at, some.Length).SequenceEqual(some), $"{some.Length} bytes at {at}");
            }
        }
    }

    /// <summary>7-Zip does not know footers of 511 bytes, which chains of even seeds begin with.</summary>
    [Theory]
    [InlineData(3, false)]
    [InlineData(5, true)]
    public void A_chain_reads_as_7_Zip_reads_it(int seed, bool isFixed)
    {
        VhdModel model = new VhdModel(folder, seed, blockSizeBytes: 512 << 10).Make((3 * MiB) + 4096, 3, isFixed);
        foreach ((string path, byte[] content, _) in model.Links)
        {
            Assert.Equal(content, ReadAll(path));
            string output = path + ".out";
            Tool.SevenZip("e", "-tvhd", "-y", $"-o{output}", path);
            Assert.Equal(content, File.ReadAllBytes(Directory.GetFiles(output).Single()));
        }
    }

    private static void RequireOwn(bool[] isOwn, VhdDisk disk)
    {
        bool[] said = new bool[isOwn.Length];
        long at = 0;
        foreach (ByteRange range in disk.OwnRanges(new ByteRange(0, disk.VirtualSizeBytes)))
        {
            Assert.True(range.StartBytes >= at, $"{range} begins before {at}");
            at = range.EndBytes;
            Array.Fill(said, true, (int)(range.StartBytes / SectorBytes), (int)(range.LengthBytes / SectorBytes));
        }

        Assert.Equal(isOwn, said);
    }
}
