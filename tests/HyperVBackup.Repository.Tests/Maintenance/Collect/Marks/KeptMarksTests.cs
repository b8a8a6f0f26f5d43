using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect.Marks;

/// <summary>Marking from what was marked before, against a walk over everything.</summary>
public sealed class KeptMarksTests
{
    [Fact]
    public void In_any_history_what_is_marked_is_what_points_reach_and_only_nodes_that_came_or_went_are_read()
    {
        (int stepCount, int onCount) = (0, 0);
        for (int seed = 0; seed < 20; seed++)
        {
            using TestFolder folder = new();
            Random random = new(seed);
            using MarkHost host = new(folder.Path, seed);
            MarkWorld world = new(random);
            HashSet<Digest> before = [];
            for (int step = 0; step < 12; step++, stepCount++)
            {
                ChangeAnyhow(world, random);
                HashSet<Digest> nodes = [.. world.Reached().Maps.Where(world.IsNode)];
                List<long> read = host.Check(world);
                long turned = nodes.Except(before).Count() + before.Except(nodes).Count();
                Assert.True(read.Count == 0 ? turned == 0 : read[^1] == turned, $"seed {seed}, step {step}");
                onCount += read.Count == 1 && turned < nodes.Count ? 1 : 0;
                before = nodes;
                world.Collect();
                if (random.Next(3) == 0)
                {
                    host.Restart();
                }
            }

            Assert.Empty(host.Warnings);
        }

        Assert.True(onCount > stepCount / 2, $"{onCount} of {stepCount}");
    }

    [Fact]
    public void Where_much_has_changed_all_is_marked_anew_and_agrees_with_what_was_kept()
    {
        int anewCount = 0;
        for (int seed = 0; seed < 8; seed++)
        {
            using TestFolder folder = new();
            Random random = new(seed);
            using MarkHost host = new(folder.Path, seed, changesCountFree: 0);
            MarkWorld world = new(random);
            for (int step = 0; step < 12; step++)
            {
                ChangeAnyhow(world, random);
                anewCount += host.Check(world).Count > 1 ? 1 : 0;
                host.Restart();
            }

            Assert.Empty(host.Warnings);
        }

        Assert.True(anewCount > 10, $"{anewCount}");
    }

    [Fact]
    public void What_went_while_this_host_forgot_what_it_held_is_found_anew_and_told()
    {
        using TestFolder folder = new();
        using MarkHost host = new(folder.Path);
        MarkWorld world = new(new Random(5));
        for (int count = 0; count < 5; count++)
        {
            world.AddPoint();
        }

        host.Check(world);
        world.Points.RemoveAt(1);
        world.Collect();
        host.Check(world, remembersGone: false);
        Assert.Contains("is gone", Assert.Single(host.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_needed_node_that_is_nowhere_stops_marking_and_what_was_kept_stays()
    {
        using TestFolder folder = new();
        using MarkHost host = new(folder.Path);
        MarkWorld world = new(new Random(6));
        world.AddPoint();
        world.AddPoint();
        host.Check(world);
        HashSet<Digest> before = [.. world.Reached().Maps.Where(world.IsNode)];
        MarkPoint first = world.Points[0];
        world.Points.RemoveAt(0);
        world.AddPoint();
        List<Digest> turned = [.. world.Reached().Maps.Where(world.IsNode).Except(before)];
        Digest lost = turned[^1];
        world.Lose(lost);
        Assert.Throws<RepositoryDamagedException>(() => host.Check(world, remembersGone: false));
        host.Restart();
        world.Find(lost);
        world.Points.Add(first);
        Assert.Equal([turned.Count], host.Check(world));
        Assert.Empty(host.Warnings);
    }

    /// <summary>Whoever marks wrongly from what was kept would be noticed when all is marked anew.</summary>
    [Fact]
    public void What_was_kept_and_is_wrong_is_told_when_all_is_marked_anew()
    {
        using TestFolder folder = new();
        using TestFolder other = new();
        using MarkHost host = new(folder.Path, changesCountFree: 0);
        using MarkHost liar = new(other.Path, seed: 2);
        MarkWorld world = new(new Random(9));
        MarkWorld lie = new(new Random(9));
        foreach (MarkWorld one in (MarkWorld[])[world, lie])
        {
            one.AddPoint();
            one.AddPoint();
        }

        host.Check(world);
        lie.Points.RemoveAt(1);
        liar.Check(lie);
        foreach (string table in Directory.GetFiles(other.Path, "marks-*"))
        {
            File.Copy(table, folder.File(Path.GetFileName(table)));
        }

        using (NeededIds lied = liar.NewFolder().TryLoad()!)
        {
            host.NewFolder().Save(new NeededIds(world.Roots(), lied.ChunkMarks, lied.MapMarks, 1));
        }

        host.Restart();
        world.AddPoint();
        host.Check(world);
        Assert.Contains("agree", Assert.Single(host.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Marking_keeps_to_its_memory_and_finds_the_same()
    {
        using TestFolder folder = new();
        using MarkHost host = new(folder.Path, memoryBytes: 1 << 16);
        MarkWorld world = new(new Random(3));
        for (int count = 0; count < 4; count++)
        {
            world.AddPoint(chunkCountMax: 10_000);
            host.Check(world);
        }

        world.Points.RemoveAt(2);
        host.Restart();
        host.Check(world);
        Assert.True(world.Reached().Chunks.Count > 1_500, $"{world.Reached().Chunks.Count}");
    }

    internal static void ChangeAnyhow(MarkWorld world, Random random)
    {
        for (int count = random.Next(4); count > 0; count--)
        {
            world.AddPoint();
        }

        if (random.Next(2) == 0 && world.Points.Count > 0)
        {
            world.Points.Add(world.Points[random.Next(world.Points.Count)]); // the same roots in two points
        }

        for (int count = random.Next(3); count > 0 && world.Points.Count > 0; count--)
        {
            world.Points.RemoveAt(random.Next(world.Points.Count));
        }

        if (random.Next(3) == 0)
        {
            world.Repack();
        }
    }
}
