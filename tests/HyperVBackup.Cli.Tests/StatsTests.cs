using System.Text.Json;
using Xunit;

namespace HyperVBackup.Cli.Tests;

/// <summary>What <c>stats</c> says of restore points.</summary>
public sealed class StatsTests : IDisposable
{
    private readonly HvBackup hvbackup = new();

    [Fact]
    public async Task The_newest_points_are_measured_or_those_that_are_named_or_all()
    {
        await hvbackup.InitAsync();
        string first = await BackUpAsync("web");
        string second = await BackUpAsync("web");
        string other = await BackUpAsync("db");
        Assert.Equal(new HashSet<string?> { other, second }, (await PointsAsync()).Select(Id).ToHashSet());
        Assert.Equal([first], (await PointsAsync(first[..6])).Select(Id));
        Assert.Equal(3, (await PointsAsync("--all")).Count);
        JsonElement point = Assert.Single(await PointsAsync("web@latest"));
        Assert.Equal(
            ["id", "vm", "time", "readsPerMiB", "recordsPerChunk", "exact", "disks"],
            point.EnumerateObject().Select(property => property.Name));
        Assert.Equal(1, point.GetProperty("readsPerMiB").GetDouble());
        Assert.Equal(1, point.GetProperty("recordsPerChunk").GetDouble());
        Assert.True(point.GetProperty("exact").GetBoolean());
        string text = (await hvbackup.RunPlainAsync("stats")).Output;
        Assert.Contains("READS/MIB", text, StringComparison.Ordinal);
        Assert.Contains(second, text, StringComparison.Ordinal);
        Assert.DoesNotContain(first, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_verified_when_is_told()
    {
        await hvbackup.InitAsync();
        await BackUpAsync("web");
        JsonElement before = (await hvbackup.RunAsync("stats")).Json().GetProperty("verified");
        Assert.Equal(before.GetProperty("totalBytes").GetInt64(), before.GetProperty("neverBytes").GetInt64());
        Assert.Equal(JsonValueKind.Null, before.GetProperty("structure").ValueKind);
        await hvbackup.RunAsync("verify", "--read-data");
        JsonElement after = (await hvbackup.RunAsync("stats")).Json().GetProperty("verified");
        Assert.Equal(
            ["totalBytes", "bytesWithin1Days", "bytesWithin7Days", "bytesWithin30Days", "bytesWithin90Days",
                "neverBytes", "rotationPercent", "oldest", "structure"],
            after.EnumerateObject().Select(property => property.Name));
        Assert.Equal(after.GetProperty("totalBytes").GetInt64(), after.GetProperty("bytesWithin1Days").GetInt64());
        Assert.Equal(0, after.GetProperty("neverBytes").GetInt64());
        string text = (await hvbackup.RunPlainAsync("stats")).Output;
        Assert.Contains("within the last 7 days", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prediction_is_given_where_it_is_asked_for_and_leaves_no_file()
    {
        await hvbackup.InitAsync();
        await BackUpAsync("web");
        JsonElement point = Assert.Single(await PointsAsync("--into", "samples"));
        Assert.True(point.GetProperty("predictedBytesPerSecond").GetInt64() > 0);
        Assert.True(point.GetProperty("predictedSeconds").GetDouble() > 0);
        Assert.Equal(1 << 20, point.GetProperty("sampleBytes").GetInt64());
        Assert.Empty(Directory.GetFileSystemEntries(hvbackup.PathOf("samples")));
        string[] state = Directory.GetFileSystemEntries(hvbackup.PathOf("state"));
        Assert.Single(await PointsAsync("--predict"));
        Assert.Equal(state, Directory.GetFileSystemEntries(hvbackup.PathOf("state")));
        Assert.Contains("/s, ", (await hvbackup.RunPlainAsync("stats", "--predict")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_point_whose_maps_are_lost_is_told_and_the_others_are_measured()
    {
        await hvbackup.InitAsync();
        string lost = await BackUpAsync("web");
        IReadOnlyList<string> maps = [.. hvbackup.Stored("maps"), .. hvbackup.Stored("mirror/maps")];
        string good = await BackUpAsync("db");
        foreach (string map in maps)
        {
            File.Delete(map);
        }

        CommandResult result = await hvbackup.RunAsync("stats");
        Assert.Contains(lost, result.Errors, StringComparison.Ordinal);
        List<JsonElement> points = PointsOf((result with { Errors = "" }).Json());
        Assert.Equal(2, points.Count);
        Assert.False(points.Single(point => Id(point) == lost).TryGetProperty("readsPerMiB", out _));
        Assert.True(points.Single(point => Id(point) == good).TryGetProperty("readsPerMiB", out _));
    }

    [Theory]
    [InlineData("--all", "web@latest")]
    [InlineData("--into", "")]
    public async Task What_contradicts_itself_is_wrong_usage(params string[] arguments)
    {
        await hvbackup.InitAsync();
        Assert.Equal(2, (await hvbackup.RunAsync(["stats", .. arguments])).ExitCode);
    }

    public void Dispose() => hvbackup.Dispose();

    private static string? Id(JsonElement point) => point.GetProperty("id").GetString();

    private static List<JsonElement> PointsOf(JsonElement document) =>
        [.. document.GetProperty("points").EnumerateArray()];

    private async Task<List<JsonElement>> PointsAsync(params string[] arguments) =>
        PointsOf((await hvbackup.RunAsync(["stats", .. arguments])).Json());

    private async Task<string> BackUpAsync(string vm)
    {
        string disk = hvbackup.NewRaw("disk.raw");
        JsonElement made = (await hvbackup.RunAsync("backup", "--vm", vm, "--disk", $"d={disk}")).Json();
        return made.GetProperty("restorePoint").GetString()!;
    }
}
