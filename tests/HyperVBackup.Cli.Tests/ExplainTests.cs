using System.Text.Json;
using Xunit;

namespace HyperVBackup.Cli.Tests;

/// <summary><c>explain</c> as scripts use it.</summary>
public sealed class ExplainTests : IDisposable
{
    private readonly HvBackup hvbackup = new();

    public void Dispose() => hvbackup.Dispose();

    [Fact]
    public async Task Chunks_packs_and_points_are_explained_in_the_fields_of_the_contract()
    {
        await hvbackup.InitAsync();
        JsonElement made = await JsonAsync("backup", "--vm", "web", "--disk", hvbackup.NewRaw("d.raw"));
        string id = made.GetProperty("restorePoint").GetString()!;

        string file = Path.GetRelativePath(hvbackup.Repository, Assert.Single(hvbackup.Stored("packs")));
        JsonElement pack = await JsonAsync("explain", file);
        AssertFields(
            pack, "pack", "recordCount", "recordBytes", "neededCount", "neededBytes", "elsewhereCount", "takenBy",
            "points", "unreadablePacks");
        Assert.Equal(16, pack.GetProperty("neededCount").GetInt32());
        AssertFields(pack.GetProperty("takenBy"), "count", "more", "chunks");
        JsonElement use = Assert.Single(pack.GetProperty("points").EnumerateArray());
        AssertFields(
            use, "id", "vm", "time", "pruned", "recordCount", "frees", "listCount", "unreadableParts", "disks");
        Assert.Equal(pack.GetProperty("recordBytes").GetInt64(), use.GetProperty("frees").GetInt64());
        JsonElement disk = Assert.Single(use.GetProperty("disks").EnumerateArray());
        AssertFields(disk, "disk", "rangeCount", "takingChunks", "ranges");
        AssertFields(disk.GetProperty("ranges")[0], "offset", "length");
        Assert.Equal(1 << 20, disk.GetProperty("ranges")[0].GetProperty("length").GetInt64());

        string maps = Path.GetRelativePath(hvbackup.Repository, Assert.Single(hvbackup.Stored("mirror/maps")));
        Assert.StartsWith("maps/", (await JsonAsync("explain", maps)).GetProperty("pack").GetString());

        JsonElement point = await JsonAsync("explain", "web@latest");
        AssertFields(
            point, "restorePoint", "vm", "sequence", "time", "pruned", "newest", "keptBy", "readers", "children",
            "freesAtMost");
        Assert.Equal(id, point.GetProperty("restorePoint").GetString());
        Assert.True(point.GetProperty("freesAtMost").GetInt64() > 1 << 20);

        string text = (await hvbackup.RunPlainAsync("explain", file)).Output;
        Assert.Contains("d 0+1048576", text, StringComparison.Ordinal);
        Assert.Contains("the newest", (await hvbackup.RunPlainAsync("explain", id)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chunk_is_explained_with_its_records()
    {
        await hvbackup.InitAsync();
        string disk = hvbackup.NewRaw("d.raw", 2 << 16);
        await JsonAsync("backup", "--vm", "web", "--disk", disk);
        await using (FileStream file = File.OpenWrite(disk))
        {
            file.WriteByte(1);
        }

        await JsonAsync("backup", "--vm", "web", "--disk", disk);
        string[] packs =
            [.. hvbackup.Stored("packs").Select(path => Path.GetRelativePath(hvbackup.Repository, path))];
        JsonElement[] explained = [await JsonAsync("explain", packs[0]), await JsonAsync("explain", packs[1])];
        JsonElement taker = explained.Select(pack => pack.GetProperty("takenBy"))
            .First(taken => taken.GetProperty("count").GetInt32() == 1).GetProperty("chunks")[0];

        JsonElement chunk = await JsonAsync("explain", taker.GetString()!);
        AssertFields(
            chunk, "chunk", "recordCount", "recordBytes", "neededCount", "neededBytes", "records", "takenBy",
            "points", "unreadablePacks");
        JsonElement record = Assert.Single(chunk.GetProperty("records").EnumerateArray());
        AssertFields(record, "pack", "offset", "length", "type", "takesFrom");
        Assert.Equal("recipe", record.GetProperty("type").GetString());
        JsonElement source = await JsonAsync("explain", record.GetProperty("takesFrom")[1].GetString()!);
        Assert.Equal(1, source.GetProperty("takenBy").GetProperty("count").GetInt32());
        Assert.Contains(source.GetProperty("points").EnumerateArray(), use =>
            use.GetProperty("disks")[0].GetProperty("takingChunks").GetInt32() == 1);
    }

    [Theory]
    [InlineData("packs/aa/aaaaaaaaaaaaaaaaaaaaaaaaaa-0", "no pack")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123", "No pack holds a record")]
    [InlineData("aaaaa", "no restore point")]
    [InlineData("web@latest", "no VM")]
    public async Task What_is_not_there_is_said_in_a_sentence(string what, string needle)
    {
        await hvbackup.InitAsync();
        Assert.Contains(needle, (await hvbackup.RunAsync("explain", what)).Failure(), StringComparison.Ordinal);
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments) =>
        (await hvbackup.RunAsync(arguments)).Json();

    private static void AssertFields(JsonElement element, params string[] names) =>
        Assert.Equal(names, element.EnumerateObject().Select(property => property.Name));
}
