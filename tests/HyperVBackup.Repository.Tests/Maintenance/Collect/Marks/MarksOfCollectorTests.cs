using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Collect.Marks;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect.Marks;

/// <summary>What a host keeps of its last marking makes collecting cheap, and never changes what a collector does.
/// </summary>
public sealed class MarksOfCollectorTests
{
    [Fact]
    public async Task In_any_history_a_host_that_keeps_marks_deletes_what_one_that_keeps_nothing_does()
    {
        for (int seed = 0; seed < 2; seed++)
        {
            using TestFolder folder = new();
            Random random = new(seed);
            CollectSituation situation = await CollectSituation.MakeAsync();
            List<RestorePoint> points = [];
            for (int step = 0; step < 4; step++)
            {
                RestorePoint? parent = points.Count > 0 ? points[random.Next(points.Count)] : null;
                int[] disk = parent is null ? [.. Enumerable.Range(100, 40)] : [.. situation.Sample.Disks[parent.Id]];
                disk[random.Next(disk.Length)] = random.Next(200);
                points.Add(await situation.Sample.BackUpAsync(disk, parent, vm: "any"));
                if (random.Next(2) == 0)
                {
                    RestorePoint pruned = points[random.Next(points.Count)];
                    points.Remove(pruned);
                    situation.Pruned.Add(pruned);
                    await situation.Sample.MarkAsync(pruned);
                }

                CollectSituation other = situation.Copy();
                await CollectAsync(other, null);
                await CollectAsync(situation, folder.Path);
                Assert.Equal(other.Sample.Store.Names, situation.Sample.Store.Names);
            }

            await CollectSample.CollectAsync(
                situation.Sample.Store, new CollectOptions(), Environment(folder.Path));
            await situation.RequireGoodAsync();
        }
    }

    [Fact]
    public async Task Whatever_becomes_of_it_the_same_is_deleted()
    {
        using TestFolder folder = new();
        CollectSituation situation = await CollectSituation.MakeAsync();
        RestorePoint late = await situation.Sample.BackUpAsync([60, 61, 0, 44], vm: "late");
        await CollectAsync(situation, folder.Path);
        situation.Pruned.Add(late);
        await situation.Sample.MarkAsync(late);
        CollectSituation expected = situation.Copy();
        await CollectAsync(expected, null);
        string[] files = Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories);
        Assert.Equal(3, files.Count(IsOfMarks));
        foreach (string file in files.Where(IsOfMarks))
        {
            byte[] content = await File.ReadAllBytesAsync(file);
            for (int at = 0; at < content.Length; at += 1 + (content.Length / 5))
            {
                byte[] damaged = [.. content];
                damaged[at] ^= 0x40;
                foreach (byte[] bad in (byte[][])[damaged, content[..at]])
                {
                    using TestFolder copied = new();
                    CopyAll(folder.Path, copied.Path);
                    string damagedFile = file.Replace(folder.Path, copied.Path, StringComparison.Ordinal);
                    await File.WriteAllBytesAsync(damagedFile, bad);
                    CollectSituation copy = situation.Copy();
                    await CollectAsync(copy, copied.Path);
                    Assert.Equal(expected.Sample.Store.Names, copy.Sample.Store.Names);
                }
            }
        }
    }

    [Fact]
    public async Task A_collector_reads_the_nodes_that_came_and_the_next_one_those_that_went()
    {
        using TestFolder folder = new();
        CollectSituation situation = await CollectSituation.MakeAsync();
        await CollectAsync(situation, folder.Path);
        RestorePoint point = await situation.Sample.BackUpAsync([.. Enumerable.Range(300, 40)], vm: "new");
        Assert.Equal(4, await CountNodesAsync(situation, folder.Path)); // 16, 16 and 8 chunks, and their top
        int[] changed = [.. situation.Sample.Disks[point.Id]];
        changed[20] = 999;
        RestorePoint next = await situation.Sample.BackUpAsync(changed, point, vm: "new");
        Assert.Equal(2, await CountNodesAsync(situation, folder.Path));
        situation.Pruned.Add(next);
        await situation.Sample.MarkAsync(next);
        Assert.Equal(2, await CountNodesAsync(situation, folder.Path));
        Assert.Equal(0, await CountNodesAsync(situation, folder.Path));
        await situation.RequireGoodAsync();
    }

    [Fact]
    public async Task A_second_collector_of_the_host_leaves_alone_what_the_first_one_keeps()
    {
        using TestFolder folder = new();
        CollectSituation situation = await CollectSituation.MakeAsync();
        await CollectAsync(situation, folder.Path);
        RestorePoint goes = await situation.Sample.BackUpAsync([90, 91], vm: "goes");
        await situation.Sample.BackUpAsync([92, 93], vm: "stays"); // so that there is something to mark
        situation.Pruned.Add(goes);
        await situation.Sample.MarkAsync(goes);
        string facts = Directory.GetFiles(folder.Path, "facts", SearchOption.AllDirectories).Single();
        Dictionary<string, byte[]> before = ReadMarks(folder.Path);
        using (File.Open(facts, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.Equal([goes.Id], (await CollectAsync(situation, folder.Path)).PointsRemoved);
        }

        Dictionary<string, byte[]> after = ReadMarks(folder.Path);
        Assert.Equal(before.Keys.Order(), after.Keys.Order());
        Assert.All(before, file => Assert.Equal(file.Value, after[file.Key]));
        await situation.RequireGoodAsync();
    }

    /// <summary>Nothing that is wrong with what is kept stops collecting.</summary>
    [Fact]
    public async Task A_kept_id_that_nothing_needs_and_nowhere_lies_is_told_once_and_forgotten()
    {
        using TestFolder folder = new();
        CollectSituation situation = await CollectSituation.MakeAsync();
        await CollectAsync(situation, folder.Path);
        await AddPhantomAsync(situation, folder.Path);
        RestorePoint goes = await situation.Sample.BackUpAsync([90, 91], vm: "goes");
        situation.Pruned.Add(goes);
        await situation.Sample.MarkAsync(goes);
        List<string> warnings = [];
        RepositoryEnvironment environment = Environment(folder.Path) with { Warn = warnings.Add };
        for (int count = 0; count < 2; count++)
        {
            await CollectSample.CollectAsync(situation.Sample.Store, CollectSample.WithoutRepacking, environment);
        }

        Assert.Contains("agree", Assert.Single(warnings), StringComparison.Ordinal);
        await situation.RequireGoodAsync();
    }

    private static async Task AddPhantomAsync(CollectSituation situation, string stateFolder)
    {
        string path = Path.GetDirectoryName(
            Directory.GetFiles(stateFolder, "marks", SearchOption.AllDirectories).Single())!;
        BackupRepository repository = await SampleRepository.OpenAsync(situation.Sample.Store);
        MarksFolder marks = new(
            path, repository.Id, new ScratchFolder(path, processId: 1), repository.Environment.Randomness);
        using NeededIds kept = marks.TryLoad()!;
        using MarkTableWriter writer = marks.NewTable();
        Mark phantom = new(new Digest([.. Enumerable.Repeat((byte)9, Digest.SizeBytes)]), 1);
        foreach (Mark mark in kept.ChunkMarks.ReadMarks().Append(phantom).Order())
        {
            writer.Add(mark);
        }

        using MarkTable table = writer.Finish();
        marks.Save(new NeededIds(
            kept.Roots, new MarkedIds(table, MarkTable.Empty(), kept.ChunkMarks.Sum.With(phantom)), kept.MapMarks, 1));
    }

    private static Dictionary<string, byte[]> ReadMarks(string folder) =>
        Directory.GetFiles(folder, "marks*", SearchOption.AllDirectories)
            .ToDictionary(path => path, File.ReadAllBytes);

    private static bool IsOfMarks(string path) =>
        Path.GetFileName(path).StartsWith("marks", StringComparison.Ordinal);

    private static void CopyAll(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = file.Replace(from, to, StringComparison.Ordinal);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private static async Task<long> CountNodesAsync(CollectSituation situation, string stateFolder)
    {
        BackupRepository repository = await BackupRepository.OpenAsync(
            situation.Sample.Store, Environment(stateFolder), default);
        NodeCount count = new();
        await repository.NewCollector(CollectSample.WithoutRepacking).RunAsync(count, default);
        return count.Sum;
    }

    private static RepositoryEnvironment Environment(string? stateFolder) =>
        CollectSample.NewEnvironment() with { StateFolder = stateFolder };

    private static Task<CollectReport> CollectAsync(CollectSituation situation, string? stateFolder) =>
        CollectSample.CollectAsync(
            situation.Sample.Store, CollectSample.WithoutRepacking, Environment(stateFolder));

    private sealed class NodeCount : IProgress<CollectProgress>
    {
        public long Sum { get; private set; }

        public void Report(CollectProgress value) => Sum += value.Stage == "mark nodes" ? value.DoneCount : 0;
    }
}
