using System.Diagnostics;
using System.Text.Json;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Failures;

/// <summary>A repository on a disk that rots here and there, healed by the real program from its parity.</summary>
public sealed class RottenSectorsTests(ITestOutputHelper output) : IDisposable
{
    private const int SuiteSizeMiB = 24;
    private const int PieceBytes = 1 << 20;
    private const int SectorBytes = 512;
    private const int OneSectorIn = 100;
    private const int Seed = 20_261_123;
    private readonly TestFolder folder = new();

    /// <summary>Larger in a long run.</summary>
    private static int SizeMiB =>
        int.TryParse(Environment.GetEnvironmentVariable("HVBACKUP_ROT_MIB"), out int size) ? size : SuiteSizeMiB;

    public void Dispose() => folder.Dispose();

    [Fact]
    public void One_percent_of_the_sectors_of_all_packs_overwritten_at_random_repairs_to_equal_roots()
    {
        string disk = folder.File("disk.raw");
        WriteNoise(disk);
        Hvbackup hvbackup = new(folder.File("repository"), folder.File("state"));
        hvbackup.Json("init", "--parity", "10");
        hvbackup.Json("backup", "--vm", "vm", "--disk", "disk=" + disk);
        string before = hvbackup.Json("list").GetRawText();
        (long packBytes, long sectorCount, long hitCount) = Rot(Path.Join(hvbackup.RepositoryPath, "packs"));
        Assert.Equal(1, hvbackup.Try("verify", "--read-data").ExitCode);

        long started = Stopwatch.GetTimestamp();
        JsonElement repaired = hvbackup.Json("repair", "--read-data");
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;

        Assert.Empty(repaired.GetProperty("left").EnumerateArray());
        Assert.Empty(hvbackup.Json("verify", "--read-data").GetProperty("damage").EnumerateArray());
        Assert.Equal(before, hvbackup.Json("list").GetRawText());
        string restored = folder.File("restored.raw");
        hvbackup.Json("restore", "vm@latest", "--format", "raw", "--output", restored);
        Tool.Run("cmp", disk, restored);
        output.WriteLine(
            $"{packBytes >> 20} MiB of packs, {hitCount} of {sectorCount} sectors overwritten (seed {Seed}), "
            + $"repaired in {seconds:F0} s, equal roots");
    }

    private static void WriteNoise(string path)
    {
        RawImage.Create(path, (long)SizeMiB * PieceBytes);
        for (int piece = 0; piece < SizeMiB; piece++)
        {
            NoiseDisk.Write(path, (long)piece * PieceBytes, PieceBytes, Seed + piece);
        }
    }

    /// <summary>Overwrites each sector with a chance of one in a hundred.</summary>
    private static (long PackBytes, long SectorCount, long HitCount) Rot(string packs)
    {
        Random random = new(Seed);
        byte[] noise = new byte[SectorBytes];
        (long packBytes, long sectorCount, long hitCount) = (0, 0, 0);
        foreach (string path in Directory.GetFiles(packs, "*", SearchOption.AllDirectories).Order())
        {
            using FileStream pack = new(path, FileMode.Open, FileAccess.ReadWrite);
            for (long atBytes = 0; atBytes < pack.Length; atBytes += SectorBytes, sectorCount++)
            {
                if (random.Next(OneSectorIn) == 0)
                {
                    random.NextBytes(noise);
                    pack.Position = atBytes;
                    pack.Write(noise.AsSpan(0, (int)Math.Min(SectorBytes, pack.Length - atBytes)));
                    hitCount++;
                }
            }

            packBytes += pack.Length;
        }

        Assert.True(hitCount > 0);
        return (packBytes, sectorCount, hitCount);
    }
}
