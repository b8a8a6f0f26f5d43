using System.Security.Cryptography;
using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Collect.Marks;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect.Marks;

/// <summary>Kept marks that are whole by their checksums and yet wrong, and those for which there is no room.</summary>
public sealed class MarksWrongTests
{
    /// <summary>As if a bit had flipped in memory before the block got its checksum.</summary>
    [Fact]
    public void A_kept_count_that_is_wrong_is_noticed_when_the_marks_are_read()
    {
        using TestFolder folder = new();
        using MarkHost host = new(folder.Path);
        MarkWorld world = NewWorld();
        host.Check(world);
        Rewrite(
            host, world,
            marks => marks.Select((mark, at) => at == 0 ? mark with { Count = mark.Count + 4 } : mark));
        world.AddPoint();
        host.Check(world);
        Assert.Contains("not all there", Assert.Single(host.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void After_thirty_markings_that_went_on_all_is_marked_anew()
    {
        using TestFolder folder = new();
        using MarkHost host = new(folder.Path);
        MarkWorld world = NewWorld();
        List<int> anew = [];
        for (int step = 0; step < 66; step++)
        {
            if (host.Check(world).Count > 1)
            {
                anew.Add(step);
            }

            host.Restart();
            world.AddPoint(chunkCountMax: 20);
            world.Points.RemoveAt(1);
        }

        Assert.Equal([31, 62], anew);
        Assert.Empty(host.Warnings);
    }

    [Fact]
    public void A_top_that_was_kept_with_another_level_is_found_anew_and_told()
    {
        using TestFolder folder = new();
        using MarkHost host = new(folder.Path);
        MarkWorld world = NewWorld();
        host.Check(world);
        PointRoots roots = world.Roots();
        using (NeededIds kept = host.NewFolder().TryLoad()!)
        {
            host.NewFolder().Save(new NeededIds(
                new PointRoots([.. roots.Tops.Select(top => (top.Level + 1, top.Id))], [], []),
                kept.ChunkMarks, kept.MapMarks, 1));
        }

        host.Restart();
        world.Points.RemoveAt(0);
        host.Check(world);
        Assert.Single(host.Warnings);
    }

    [Fact]
    public void Where_there_is_no_room_to_keep_marks_they_are_gone_after_use()
    {
        using TestFolder folder = new();
        using MarkHost host = new(folder.Path);
        MarkWorld world = NewWorld();
        host.Check(world);
        string[] before = Directory.GetFiles(folder.Path);
        world.AddPoint(chunkCountMax: 5000);
        host.Write = (file, bytes, atBytes) =>
        {
            RandomAccess.Write(file, bytes[..(bytes.Length / 2)], atBytes);
            throw new IOException("no room");
        };
        host.Restart();
        host.Check(world);
        Assert.Equal(before.Order(), Directory.GetFiles(folder.Path).Order());
        world.AddPoint();
        host.Check(world); // on from marks that are not kept
        Assert.Equal(before.Order(), Directory.GetFiles(folder.Path).Order());
        host.Write = null;
        host.Restart();
        host.Check(world);
        Assert.Empty(host.Warnings);
    }

    [Fact]
    public void A_table_that_is_not_finished_is_deleted()
    {
        using TestFolder folder = new();
        using MarkHost host = new(folder.Path);
        using (MarkTableWriter writer = host.NewFolder().NewTable())
        {
            Assert.Single(Directory.GetFiles(folder.Path));
            writer.Add(new Mark(new Digest(SHA256.HashData([1])), 1));
        }

        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void What_killed_collectors_left_is_gone_after_the_next_one_looked()
    {
        using TestFolder folder = new();
        using MarkHost host = new(folder.Path);
        MarkWorld world = NewWorld();
        host.Check(world);
        string[] before = Directory.GetFiles(folder.Path);
        File.WriteAllText(folder.File("marks-" + new string('1', 64)), "");
        DurableFile killed = DurableFile.Create(folder.File("marks"));
        killed.Handle.Dispose();
        host.Restart();
        host.Check(world);
        Assert.Equal(before.Order(), Directory.GetFiles(folder.Path).Order());
    }

    /// <summary>Other marks of chunks, under the sums of those that were kept.</summary>
    private static void Rewrite(MarkHost host, MarkWorld world, Func<IEnumerable<Mark>, IEnumerable<Mark>> change)
    {
        MarksFolder folder = host.NewFolder();
        using NeededIds kept = folder.TryLoad()!;
        using MarkTableWriter writer = folder.NewTable();
        foreach (Mark mark in change(kept.ChunkMarks.ReadMarks()))
        {
            writer.Add(mark);
        }

        using MarkTable table = writer.Finish();
        folder.Save(new NeededIds(
            world.Roots(), new MarkedIds(table, MarkTable.Empty(), kept.ChunkMarks.Sum), kept.MapMarks, 1));
        host.Restart();
    }

    private static MarkWorld NewWorld()
    {
        MarkWorld world = new(new Random(7));
        world.AddPoint();
        world.AddPoint();
        return world;
    }
}
