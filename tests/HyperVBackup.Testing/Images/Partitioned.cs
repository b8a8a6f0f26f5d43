using System.Globalization;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Testing.Images;

/// <summary>A disk with a partition table, an ext4 in the first half and an NTFS in the second.</summary>
public sealed class Partitioned : IFileSystem
{
    private const int SectorBytes = 512;
    private const long AlignmentBytes = 1024 * 1024;
    private const string LinuxType = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
    private const string WindowsType = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7";
    private readonly IFileSystem[] parts = [new Ext4(), new Ntfs()];

    public void Create(string rawPath, long sizeBytes, int seed)
    {
        RawImage.Create(rawPath, sizeBytes);
        string size = string.Create(CultureInfo.InvariantCulture, $"size={PartBytes(sizeBytes) / SectorBytes}");
        string first = string.Create(CultureInfo.InvariantCulture, $"start={StartBytes(0, sizeBytes) / SectorBytes}");
        string second = string.Create(CultureInfo.InvariantCulture, $"start={StartBytes(1, sizeBytes) / SectorBytes}");
        string table = $"label: gpt\n{first}, {size}, type={LinuxType}\n{second}, {size}, type={WindowsType}\n";
        Tool.RunWithInput("sfdisk", table, "-q", "--no-reread", "--no-tell-kernel", rawPath);
        for (int index = 0; index < parts.Length; index++)
        {
            using var folder = new TestFolder();
            string part = folder.File("part.raw");
            parts[index].Create(part, PartBytes(sizeBytes), seed + index);
            RawImage.CopyRange(part, 0, rawPath, StartBytes(index, sizeBytes), PartBytes(sizeBytes));
        }
    }

    public void Change(string rawPath, int seed) => ForEachPart(rawPath, (fileSystem, partPath, startBytes) =>
    {
        string old = partPath + ".old";
        RawImage.Copy(partPath, old);
        fileSystem.Change(partPath, seed);
        foreach ((long offsetBytes, long lengthBytes) in RawImage.Differences(old, partPath))
        {
            byte[] bytes = RawImage.Read(partPath, offsetBytes, checked((int)lengthBytes));
            RawImage.Write(rawPath, startBytes + offsetBytes, bytes);
        }
    });

    public void RequireSound(string rawPath)
    {
        Tool.Run("sfdisk", "--verify", "-q", rawPath);
        ForEachPart(rawPath, (fileSystem, partPath, _) => fileSystem.RequireSound(partPath));
    }

    public void RequireFiles(string rawPath, int seed) =>
        ForEachPart(rawPath, (fileSystem, partPath, _) => fileSystem.RequireFiles(partPath, seed));

    /// <summary>Leaves the last alignment unit to the table's second copy.</summary>
    private static long PartBytes(long sizeBytes) =>
        (sizeBytes - (2 * AlignmentBytes)) / 2 / AlignmentBytes * AlignmentBytes;

    private static long StartBytes(int index, long sizeBytes) => AlignmentBytes + (index * PartBytes(sizeBytes));

    private void ForEachPart(string rawPath, Action<IFileSystem, string, long> work)
    {
        long sizeBytes = new FileInfo(rawPath).Length;
        for (int index = 0; index < parts.Length; index++)
        {
            using var folder = new TestFolder();
            string partPath = folder.File("part.raw");
            RawImage.Create(partPath, PartBytes(sizeBytes));
            RawImage.CopyRange(rawPath, StartBytes(index, sizeBytes), partPath, 0, PartBytes(sizeBytes));
            work(parts[index], partPath, StartBytes(index, sizeBytes));
        }
    }
}
