using System.Buffers;
using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Operations.Backup.Resume;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup.Resume;

/// <summary>What a comparison's file gives back is what was noted, up to some piece, or nothing.</summary>
public sealed class ComparisonLogTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly ComparisonSubject subject = new(
        new RepositoryId(Content.Random(16, 1)), "vm", "disk", "", 1000 * 4096, 4096, default, default,
        "state");

    private string LogPath => folder.File("log");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Any_byte_that_is_changed_or_missing_costs_what_follows_and_is_told()
    {
        List<string> noted = WriteSample();
        byte[] whole = File.ReadAllBytes(LogPath);
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= (byte)(1 << (at % 8));
            RequireStartOf(noted, damaged, isTold: true);
        }

        for (int length = 0; length < whole.Length; length++)
        {
            RequireStartOf(noted, whole[..length], isTold: null);
        }

        RequireStartOf(noted, [.. whole, .. whole], isTold: true);
        RequireStartOf(noted, [.. whole, 0], isTold: true);
        File.WriteAllBytes(LogPath, whole);
        Assert.Equal(noted, ReadAll(out string? refusal));
        Assert.Null(refusal);
    }

    [Fact]
    public void It_goes_on_behind_what_is_whole()
    {
        List<string> noted = WriteSample();
        File.WriteAllBytes(LogPath, File.ReadAllBytes(LogPath)[..^1]);
        using (ComparisonLog log = ComparisonLog.TryOpen(LogPath, subject, out _)!)
        {
            Append(log, new ComparedRun(ComparedKind.Zeros, log.EndIndex, 7, 0, default));
        }

        List<string> read = ReadAll(out string? refusal);
        Assert.Null(refusal);
        Assert.Equal([.. noted[..^2], "Zeros 114 7 0 "], read);
    }

    [Fact]
    public void What_is_noted_past_the_end_of_the_disk_is_not_believed()
    {
        using (ComparisonLog log = ComparisonLog.TryOpen(LogPath, subject, out _)!)
        {
            Append(log, new ComparedRun(ComparedKind.Same, 0, 1001, 1, default));
        }

        Assert.Empty(ReadAll(out string? refusal));
        Assert.NotNull(refusal);
    }

    /// <summary>Three pieces, of 100, 14 and 36 chunks.</summary>
    private List<string> WriteSample()
    {
        List<ComparedRun[]> pieces =
        [
            [new(ComparedKind.Same, 0, 90, 80, default), new(ComparedKind.Zeros, 90, 10, 0, default)],
            [new(ComparedKind.Found, 100, 3, 0, Ids(3)), new(ComparedKind.Same, 103, 11, 0, default)],
            [new(ComparedKind.Zeros, 114, 35, 0, default), new(ComparedKind.Found, 149, 1, 0, Ids(1))],
        ];
        using ComparisonLog log = ComparisonLog.TryOpen(LogPath, subject, out _)!;
        pieces.ForEach(piece => Append(log, piece));
        return [.. pieces.SelectMany(piece => piece).Select(TextOf)];
    }

    private void RequireStartOf(List<string> noted, byte[] bytes, bool? isTold)
    {
        File.WriteAllBytes(LogPath, bytes);
        List<string> read = ReadAll(out string? refusal);
        Assert.Equal(noted[..read.Count], read);
        Assert.True(isTold is null || isTold == refusal is not null);
        Assert.True(read.Count is 0 or 2 or 4 or 6);
    }

    private List<string> ReadAll(out string? refusal)
    {
        using ComparisonLog log = ComparisonLog.TryOpen(LogPath, subject, out refusal)!;
        return [.. log.Read().Select(TextOf)];
    }

    private static void Append(ComparisonLog log, params ComparedRun[] runs)
    {
        ArrayBufferWriter<byte> bytes = new();
        foreach (ComparedRun run in runs)
        {
            ComparisonFrame.Write(run, bytes);
        }

        log.Append(bytes.WrittenSpan, runs[^1].EndIndex);
    }

    private static ChunkId[] Ids(int count) =>
        [.. Enumerable.Range(1, count).Select(seed => new ChunkId(new Digest(Content.Random(32, seed))))];

    private static string TextOf(ComparedRun run) =>
        $"{run.Kind} {run.FirstIndex} {run.Count} {run.NonZeroCount} {string.Join(',', run.Ids.ToArray())}";
}
