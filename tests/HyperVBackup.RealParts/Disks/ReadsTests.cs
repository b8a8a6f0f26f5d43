using System.Globalization;
using System.Text;
using System.Text.Json;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Disks;

/// <summary>What a backup reads of an image, as strace counts it.</summary>
public sealed class ReadsTests : IDisposable
{
    private const long GiB = 1L << 30;
    private const int ChunkBytes = 64 << 10;
    private const int PlaceCount = 24;
    private const int ChunksPerPlace = 4;
    private readonly TestFolder folder = new();
    private readonly Hvbackup hvbackup;

    public ReadsTests() => hvbackup = new Hvbackup(folder.File("repository"), folder.File("state"));

    /// <summary>Kind, size of the disk, size of the image's table in MiB, rounded up.</summary>
    public static TheoryData<ImageKind, long, int> Images => new()
    {
        { ImageKind.DynamicVhdx(1), 64 * GiB, 1 },
        { ImageKind.DynamicVhdx(1), 16_384 * GiB, 129 },
        { ImageKind.DynamicVhdx(32), 65_535 * GiB, 17 },
        { ImageKind.Raw, 64 * GiB, 0 },
    };

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Images))]
    public void An_incremental_reads_the_changed_ranges_the_audit_and_little_else(
        ImageKind kind, long sizeBytes, int tableMiB)
    {
        string image = folder.File("disk.image");
        QemuImage.Create(image, kind, sizeBytes);
        Write(image, kind, Places(sizeBytes, 0, ChunksPerPlace * ChunkBytes), pattern: 1);
        hvbackup.Json("init");
        JsonElement full = Backup(image, null, "a", [], "--full");
        Assert.Equal("full", full.GetProperty("kind").GetString());
        TracedReads.Require(full, folder.File("trace"));

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
        (string?, long?)[] audits =
            [(null, null), ("0", 0), ("10", tenthBytes), ("100", allocatedBytes - roundedBytes)];
        bool isWholeSlow = tableMiB > 100;
        string since = "a";
        foreach ((string? percent, long? auditedBytes) in isWholeSlow ? audits[..^1] : audits)
        {
            string id = since + "b";
            JsonElement disk = Backup(image, since, id, changed, percent is null ? [] : ["--audit", percent]);
            Assert.Equal("incremental", disk.GetProperty("kind").GetString());
            Assert.Equal(roundedBytes, disk.GetProperty("bytesRead").GetInt64());
            long audited = disk.GetProperty("bytesAudited").GetInt64();
            bool isExact = auditedBytes is not null && (tableMiB <= 1 || percent is "0" or "100");
            Assert.InRange(audited, isExact ? auditedBytes!.Value : ChunkBytes, auditedBytes ?? (64 << 20));
            TracedReads.Require(disk, folder.File("trace"), percent == "100" ? tableMiB : 0);
            since = id;
        }
    }

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

    private JsonElement Backup(
        string image, string? since, string id, (long OffsetBytes, long LengthBytes)[] ranges,
        params string[] options)
    {
        string changes = folder.File("changes.json");
        RangesText.Write(changes, since, id, ranges);
        JsonElement said = hvbackup.JsonTraced(
            TracedReads.Options(folder.File("trace"), image),
            ["backup", "--vm", "vm", "--disk", image, "--changes", changes, .. options]);
        return said.GetProperty("disks")[0];
    }
}
