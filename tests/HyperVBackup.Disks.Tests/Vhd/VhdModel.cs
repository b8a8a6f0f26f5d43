using HyperVBackup.Testing.Images;

namespace HyperVBackup.Disks.Tests.Vhd;

/// <summary>A disk that a guest writes to and of which checkpoints are made: a chain of files, and beside each the
/// bytes that it must read as.</summary>
internal sealed class VhdModel(TemporaryFolder folder, int seed, int blockSizeBytes)
{
    private const int SectorBytes = 512;

    private readonly Random random = new(seed);

    /// <summary>From the base on: the file, its content, and which sectors it holds itself (all of a base's).</summary>
    public List<(string Path, byte[] Content, bool[] IsOwn)> Links { get; } = [];

    public int SizeBytes { get; private set; }

    /// <param name="sizeBytes">Size of the disk, whole sectors.</param>
    /// <param name="childCount">How many checkpoints there are.</param>
    /// <param name="isFixed">Whether the base is a fixed image.</param>
    public VhdModel Make(int sizeBytes, int childCount, bool isFixed)
    {
        SizeBytes = sizeBytes;
        byte[] content = new byte[sizeBytes];
        Guid parentId = Guid.Empty;
        string parentName = "";
        for (int depth = 0; depth <= childCount; depth++)
        {
            Guid id = new(seed, (short)depth, 7, new byte[8]);
            VhdBuilder builder = new(sizeBytes, blockSizeBytes, id) { GapBytes = SectorBytes * random.Next(3) };
            bool[] isOwn = new bool[sizeBytes / SectorBytes];
            Write(builder, content, isOwn);
            string name = depth == 0 ? $"base{seed:x}.vhd" : $"child{seed:x}-{depth}.avhd";
            if (depth > 0)
            {
                builder.On(parentId, parentName).At("W2ru", @".\" + parentName).At("W2ku", @"C:\gone\" + parentName);
            }
            else
            {
                Array.Fill(isOwn, true);
            }

            byte[] file = depth == 0 && isFixed ? VhdBuilder.FixedOf(content, id, seed % 2 == 0) : builder.Build();
            Links.Add((folder.File(name, file), [.. content], isOwn));
            (parentId, parentName) = (id, name);
        }

        return this;
    }

    private void Write(VhdBuilder builder, byte[] content, bool[] isOwn)
    {
        for (int count = random.Next(8); count > 0; count--)
        {
            int first = random.Next(isOwn.Length);
            int sectors = Math.Min(1 + random.Next(random.Next(2) == 0 ? 5 : 300), isOwn.Length - first);
            byte[] data = new byte[sectors * SectorBytes];
            if (random.Next(5) > 0)
            {
                random.NextBytes(data);
            }

            builder.Write((long)first * SectorBytes, data);
            data.CopyTo(content, first * SectorBytes);
            Array.Fill(isOwn, true, first, sectors);
        }
    }
}
