using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Disks;

/// <summary>What a backup reads of an image, as strace counts it.</summary>
public sealed partial class ReadsTests : IDisposable
{
    private const long GiB = 1L << 30;
    private const int ChunkBytes = 64 << 10;
    private const int PlaceCount = 24;
    private const int ChunksPerPlace = 4;
    private const long MetadataBytesMax = 4 << 20;
    private readonly TestFolder folder = new();
    private readonly Hvbackup hvbackup;

    public ReadsTests() => hvbackup = new Hvbackup(folder.File("repository"), folder.File("state"));

    public static TheoryData<ImageKind, long> Images => new()
    {
        { ImageKind.DynamicVhdx(1), 64 * GiB },
        { ImageKind.DynamicVhdx(1), 16_384 * GiB },
        { ImageKind.DynamicVhdx(32), 65_535 * GiB },
        { ImageKind.Raw, 64 * GiB },
    };

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Images))]
    public void An_incremental_reads_the_changed_ranges_the_audit_and_little_else(ImageKind kind, long sizeBytes)
    {
        string image = folder.File("disk.image");
        QemuImage.Create(image, kind, sizeBytes);
        Write(image, kind, Places(sizeBytes, 0, ChunksPerPlace * ChunkBytes), pattern: 1);
        hvbackup.Json("init");
        JsonElement full = Backup(image, null, "a", [], "--full");
        Assert.Equal("full", full.GetProperty("kind").GetString());
        RequireReads(full, folder.File("trace"));

        (long OffsetBytes, long LengthBytes)[] changed =
        [
            .. Places(sizeBytes, ChunkBytes + 8192, 4096).Where((_, index) => index % 2 == 0),
            .. Places(sizeBytes, 3 << 20, 99_840).Where((_, index) => index % 4 == 0),
        ];
        Write(image, kind, changed, pattern: 2);
        long roundedBytes = Grid.RoundedBytes(changed, sizeBytes);
        long allocatedBytes = hvbackup.Json("backup", "--vm", "other", "--disk", image)
            .GetProperty("disks")[0].GetProperty("bytesRead").GetInt64();
        long tenthBytes = (((allocatedBytes / ChunkBytes) + 9) / 10) * ChunkBytes;
        (string?, long?)[] audits = [(null, null), ("0", 0), ("10", tenthBytes)];
        string since = "a";
        foreach ((string? percent, long? auditedBytes) in audits)
        {
            string id = since + "b";
            JsonElement disk = Backup(image, since, id, changed, percent is null ? [] : ["--audit", percent]);
            Assert.Equal("incremental", disk.GetProperty("kind").GetString());
            Assert.Equal(roundedBytes, disk.GetProperty("bytesRead").GetInt64());
            long audited = disk.GetProperty("bytesAudited").GetInt64();
            Assert.InRange(audited, auditedBytes ?? 1, auditedBytes ?? (64 << 20));
            RequireReads(disk, folder.File("trace"), isWholeTableAllowed: auditedBytes > 0);
            since = id;
        }
    }

    [GeneratedRegex(@"\) += (\d+)$")]
    private static partial Regex Result();

    private static (long OffsetBytes, long LengthBytes)[] Places(long sizeBytes, long shiftBytes, int lengthBytes)
    {
        long stepBytes = sizeBytes / PlaceCount >> 20 << 20;
        return [.. Enumerable.Range(0, PlaceCount).Select(at => ((at * stepBytes) + shiftBytes, (long)lengthBytes))];
    }

    private static void Write(
        string image, ImageKind kind, IEnumerable<(long OffsetBytes, long LengthBytes)> ranges, int pattern)
    {
        StringBuilder commands = new();
        foreach ((long offsetBytes, long lengthBytes) in ranges)
        {
            commands.Append(CultureInfo.InvariantCulture, $"write -q -P {pattern} {offsetBytes} {lengthBytes}\n");
        }

        Tool.RunWithInput("qemu-io", commands.ToString(), "-f", kind.Format, "-t", "unsafe", image);
    }

    /// <summary>Holds what the image was read for, by any call, against what the backup says.</summary>
    /// <param name="isWholeTableAllowed">An audit of an exact share looks for it everywhere, to count and to choose: it
    /// may read all of the image's table twice, 8 bytes for each block.</param>
    private static void RequireReads(JsonElement disk, string tracePath, bool isWholeTableAllowed = false)
    {
        long saidBytes = disk.GetProperty("bytesRead").GetInt64() + disk.GetProperty("bytesAudited").GetInt64();
        long countedBytes = 0;
        foreach (string line in File.ReadLines(tracePath))
        {
            Assert.DoesNotContain("mmap", line, StringComparison.Ordinal);
            Match result = Result().Match(line);
            countedBytes += result.Success ? long.Parse(result.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        }

        bool isFull = disk.GetProperty("kind").GetString() == "full";
        long tableBytes = isWholeTableAllowed ? (disk.GetProperty("virtualSize").GetInt64() >> 20) * 8 * 2 : 0;
        long metadataBytes = isFull ? long.MaxValue - saidBytes : tableBytes + MetadataBytesMax;
        Assert.InRange(countedBytes, saidBytes, saidBytes + metadataBytes);
    }

    private JsonElement Backup(
        string image, string? since, string id, (long OffsetBytes, long LengthBytes)[] ranges,
        params string[] options)
    {
        string changes = folder.File("changes.json");
        RangesText.Write(changes, since, id, ranges);
        string[] strace =
            ["-o", folder.File("trace"), "-P", image, "-e", "trace=read,readv,pread64,preadv,preadv2,mmap"];
        JsonElement said = hvbackup.JsonTraced(
            strace, ["backup", "--vm", "vm", "--disk", image, "--changes", changes, .. options]);
        return said.GetProperty("disks")[0];
    }
}
