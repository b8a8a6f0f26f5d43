using System.Text.Json;
using HyperVBackup.Disks.Vhdx;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HyperVBackup.RealParts.Disks;

/// <summary>What an incremental reads of images whose tables and sector bitmaps are large and full, as strace counts
/// it. Their blocks are holes: the first point is that of the image without them, and nothing has changed.</summary>
public sealed class LargeTableReadsTests : IDisposable
{
    private const long GiB = 1L << 30;
    private const int MiB = 1 << 20;
    private const int ChunkBytes = 64 << 10;
    private const string BaseName = "disk.vhdx";
    private readonly TestFolder folder = new();
    private readonly Hvbackup hvbackup;

    public LargeTableReadsTests() => hvbackup = new Hvbackup(folder.File("repository"), folder.File("state"));

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Shares_and_scattered_ranges_of_a_full_table_of_16_TiB_read_little_of_it()
    {
        const long Size = 16_384 * GiB;
        string image = MakeBase(Size);
        hvbackup.Json("init");
        Backup(image, null, "a", []);
        SparseBlocks.Place(image, Size, blockStep: 8);

        JsonElement share = Backup(image, "a", "b", Scattered(Size, 10), "--audit", "1");
        Assert.InRange(share.GetProperty("bytesAudited").GetInt64(), 100 * MiB, 400 * MiB);
        JsonElement scattered = Backup(image, "b", "c", Scattered(Size, 10_000), "--audit", "0.1");
        Assert.InRange(scattered.GetProperty("bytesAudited").GetInt64(), 1 * MiB, 400 * MiB);
        Assert.True(scattered.GetProperty("bytesRead").GetInt64() >= 100 * ChunkBytes);
    }

    [Fact]
    public void A_child_that_holds_part_of_every_block_is_read_little_of()
    {
        const long Size = 64 * GiB;
        string parentPath = MakeBase(Size);
        using VhdxDisk parent = VhdxDisk.Open(parentPath);
        DifferencingImage child = new(Size, MiB, 512, Guid.Parse(parent.Identity!));
        child.SetParent(parent.DataWriteGuid, Path.GetFileName(parentPath));
        string image = folder.File("child.avhdx");
        File.WriteAllBytes(image, child.Build());
        hvbackup.Json("init");
        Backup(image, null, "a", []);
        byte[] bits = new byte[MiB];
        for (int at = 0; at < bits.Length; at += 32)
        {
            bits.AsSpan(at, 16).Fill(0xFF);
        }

        SparseBlocks.PlacePartly(image, Size, bits);
        foreach ((string since, string id, string[] audit) in ((string, string, string[])[])
            [("a", "b", []), ("b", "c", ["--audit", "1"])])
        {
            JsonElement disk = Backup(image, since, id, Scattered(Size, 1000), audit);
            Assert.Equal(1000 * ChunkBytes, disk.GetProperty("bytesRead").GetInt64());
            Assert.InRange(disk.GetProperty("bytesAudited").GetInt64(), 16 * MiB, 400 * MiB);
        }
    }

    /// <summary>Ranges of a few bytes, in blocks far apart, each at the start of a pair of chunks.</summary>
    private static (long OffsetBytes, long LengthBytes)[] Scattered(long sizeBytes, int count)
    {
        long stepBytes = sizeBytes / count / (2 * ChunkBytes) * (2 * ChunkBytes);
        return [.. Enumerable.Range(0, count).Select(at => ((at * stepBytes) + 100, 700L))];
    }

    private string MakeBase(long sizeBytes)
    {
        string path = folder.File(BaseName);
        Random random = new(1);
        VhdxWriterOptions options = new()
        {
            VirtualSizeBytes = sizeBytes,
            BlockSizeBytes = MiB,
            FillRandom = bytes => random.NextBytes(bytes),
        };
        using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
        using VhdxWriter writer = new(file, options);
        writer.Complete();
        return path;
    }

    /// <summary>Backs the image up, and holds an incremental against what strace says was read.</summary>
    private JsonElement Backup(
        string image, string? since, string id, (long OffsetBytes, long LengthBytes)[] ranges, params string[] options)
    {
        string changes = folder.File("changes.json");
        RangesText.Write(changes, since, id, ranges);
        string[] arguments = ["backup", "--vm", "vm", "--disk", image, "--changes", changes, .. options];
        if (since is null)
        {
            return hvbackup.Json(arguments).GetProperty("disks")[0];
        }

        string trace = folder.File("trace");
        JsonElement disk = hvbackup.JsonTraced(TracedReads.Options(trace, image, folder.File(BaseName)), arguments)
            .GetProperty("disks")[0];
        Assert.Equal("incremental", disk.GetProperty("kind").GetString());
        TracedReads.Require(disk, trace);
        return disk;
    }
}
