using System.Security.Cryptography;
using System.Text.Json;
using Xunit;

namespace HyperVBackup.Cli.Tests;

/// <summary><c>prune</c> and <c>pin</c> as scripts use them.</summary>
public sealed class PruneTests : IDisposable
{
    private readonly HvBackup hvbackup = new();

    public void Dispose() => hvbackup.Dispose();

    [Fact]
    public async Task A_dry_run_says_what_goes_why_the_others_stay_and_what_that_frees()
    {
        string[] ids = await BackUpAsync("web", 3);
        string other = Assert.Single(await BackUpAsync("db", 1));
        await JsonAsync("pin", ids[1]);

        JsonElement plan = await JsonAsync(
            "prune", "--keep-last", "1", "--keep-yearly", "1", "--time-zone", "UTC", "--dry-run");

        AssertFields(plan, "dryRun", "timeZone", "points", "freesAtMost");
        Assert.Equal("UTC", plan.GetProperty("timeZone").GetString());
        Assert.True(plan.GetProperty("dryRun").GetBoolean());
        JsonElement[] points = [.. plan.GetProperty("points").EnumerateArray()];
        AssertFields(points[0], "id", "vm", "sequence", "time", "goes", "reasons");
        Assert.Equal([other, .. ids], points.Select(point => point.GetProperty("id").GetString()));
        Assert.Equal([false, true, false, false], points.Select(point => point.GetProperty("goes").GetBoolean()));
        AssertFields(points[1].GetProperty("reasons")[0], "rule", "keeps", "number", "count", "text");
        AssertFields(points[1].GetProperty("reasons")[1], "rule", "keeps", "period", "number", "count", "text");
        Assert.Equal(["last", "yearly"], Rules(points[1]));
        Assert.Equal(["pinned"], Rules(points[2]));
        Assert.Equal(["last", "yearly"], Rules(points[3]));
        Assert.InRange(plan.GetProperty("freesAtMost").GetInt64(), 1 << 16, 3 << 16);
        Assert.Empty(hvbackup.Stored("pruned"));

        string text = (await hvbackup.RunPlainAsync("prune", "--keep-last", "1", "--dry-run")).Output;
        Assert.Contains("1 of 4 points would go", text, StringComparison.Ordinal);
        Assert.Contains("at most", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pruned_points_are_marked_and_no_longer_shown()
    {
        string[] ids = await BackUpAsync("web", 3);

        JsonElement pruned = await JsonAsync("prune", "--keep-last", "1", "--vm", "WEB");

        AssertFields(pruned, "dryRun", "timeZone", "points");
        Assert.Equal(2, hvbackup.Stored("pruned").Count);
        Assert.Equal([ids[2]], await ListedAsync());
        string refusal = (await hvbackup.RunAsync("restore", ids[0], "--output", "x.vhdx")).Failure();
        Assert.Contains("no restore point", refusal, StringComparison.Ordinal);
        Assert.Contains(
            "was pruned", (await hvbackup.RunAsync("pin", ids[0])).Failure(), StringComparison.Ordinal);
        Assert.Contains(
            "no VM 'else'", (await hvbackup.RunAsync("prune", "--keep-last", "1", "--vm", "else")).Failure(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_point_goes_by_force_only()
    {
        await BackUpAsync("web", 2);
        await JsonAsync("prune", "--keep-last", "0");
        Assert.Single(await ListedAsync());
        await JsonAsync("prune", "--keep-last", "0", "--force");
        Assert.Empty(await ListedAsync());
    }

    [Fact]
    public async Task A_pin_that_cannot_be_read_is_listed_as_the_pin_that_it_is_to_prune()
    {
        string[] ids = await BackUpAsync("web", 2);
        await JsonAsync("pin", ids[0]);
        string pin = Assert.Single(hvbackup.Stored("pins"));
        await File.WriteAllBytesAsync(pin, (await File.ReadAllBytesAsync(pin))[..^1]);

        JsonElement points = (await JsonAsync("list")).GetProperty("restorePoints");

        Assert.Equal([true, false], points.EnumerateArray().Select(point => point.GetProperty("pinned").GetBoolean()));
    }

    [Fact]
    public async Task Pins_are_listed_and_taken_away_but_what_is_immutable_stays()
    {
        string[] ids = await BackUpAsync("web", 2);
        JsonElement pinned = await JsonAsync("pin", ids[0]);
        AssertFields(pinned, "restorePoint", "vm", "pinned");
        JsonElement held = await JsonAsync("pin", ids[1], "--immutable-until", "2999-12-31T23:00+01:00");
        AssertFields(held, "restorePoint", "vm", "pinned", "immutableUntil");
        JsonElement points = (await JsonAsync("list")).GetProperty("restorePoints");
        AssertFields(points[1], "id", "vm", "sequence", "time", "kind", "pinned", "immutableUntil", "disks");
        Assert.Equal("2999-12-31T22:00:00.000Z", points[1].GetProperty("immutableUntil").GetString());
        Assert.Equal([true, false], points.EnumerateArray().Select(point => point.GetProperty("pinned").GetBoolean()));
        string table = (await hvbackup.RunPlainAsync("list")).Output;
        Assert.Contains("immutable until 2999-12-31 22:00", table, StringComparison.Ordinal);

        foreach (string[] attempt in (string[][])
            [["--remove", "--force"], ["--immutable-until", "2999-12-30"], ["--immutable-until", "2999-12-31"]])
        {
            string refusal = (await hvbackup.RunAsync(["pin", ids[1], .. attempt])).Failure();
            Assert.Contains("immutable until 2999-12-31", refusal, StringComparison.Ordinal);
        }

        Assert.False((await JsonAsync("pin", ids[0], "--remove")).GetProperty("pinned").GetBoolean());
        JsonElement pruned = await JsonAsync("prune", "--keep-last", "0", "--force");
        Assert.Equal([true, false], pruned.GetProperty("points").EnumerateArray()
            .Select(point => point.GetProperty("goes").GetBoolean()));
    }

    [Fact]
    public async Task A_repository_and_a_backup_are_immutable_from_their_first_moment()
    {
        AssertFields(
            await JsonAsync("init", "--immutable-until", "2999-01-01"),
            "repository", "chunkSize", "compression", "parity", "immutableUntil");
        JsonElement made = await JsonAsync(
            "backup", "--vm", "a", "--disk", hvbackup.NewRaw("d.raw"), "--immutable-until", "3000-01-01");
        JsonElement point = (await JsonAsync("list")).GetProperty("restorePoints")[0];
        Assert.Equal(made.GetProperty("restorePoint").GetString(), point.GetProperty("id").GetString());
        Assert.Equal("3000-01-01T00:00:00.000Z", point.GetProperty("immutableUntil").GetString());
        AssertFields(await JsonAsync("pin", "--all", "--immutable-until", "2999-01-02"), "immutableUntil");
        Assert.Contains(
            "only be extended",
            (await hvbackup.RunAsync("pin", "--all", "--immutable-until", "2999-01-01")).Failure(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prune", "Say what to keep")]
    [InlineData("prune --dry-run --vm a", "Say what to keep")]
    [InlineData("prune --keep-last", "--keep-last")]
    [InlineData("prune --keep-last=-1", "'-1' is no number of points")]
    [InlineData("prune --keep-daily seven", "'seven' is no number of points")]
    [InlineData("prune --keep-yearly 99999999999", "is no number of points")]
    [InlineData("prune --keep-last 1 --time-zone Nowhere/Land", "knows no time zone 'Nowhere/Land'")]
    [InlineData("pin", "Name one restore point, or --all")]
    [InlineData("pin a@latest --all", "Name one restore point, or --all")]
    [InlineData("pin --all", "--all takes --immutable-until TIME or --remove")]
    [InlineData("pin a@latest --remove --immutable-until 2999-01-01", "give one of them")]
    [InlineData("pin a@latest --immutable-until tomorrow", "'tomorrow' is no time")]
    [InlineData("pin a@latest --immutable-until 2999-13-01", "is no time")]
    [InlineData("pin a@latest --immutable-until 2001-01-01", "has passed")]
    [InlineData("init --immutable-until 2001-01-01T00:00Z", "has passed")]
    [InlineData("backup --vm a --disk d.raw --immutable-until 2001-01-01", "has passed")]
    public async Task Wrong_usage_is_said_in_a_sentence_with_exit_code_2(string line, string needle)
    {
        hvbackup.NewRaw("d.raw", 4096);
        Assert.Contains(
            needle, (await hvbackup.RunPlainAsync(line.Split(' '))).WrongUsage(), StringComparison.Ordinal);
    }

    /// <summary>Backs one disk up again and again, 64 KiB of it changed each time.</summary>
    private async Task<string[]> BackUpAsync(string vm, int count)
    {
        if (!Directory.Exists(hvbackup.Repository))
        {
            await hvbackup.InitAsync();
        }

        string disk = hvbackup.NewRaw(vm + ".raw");
        List<string> ids = [];
        for (int time = 0; time < count; time++)
        {
            await using (FileStream file = File.OpenWrite(disk))
            {
                file.Position = time << 16;
                file.Write(RandomNumberGenerator.GetBytes(1 << 16));
            }

            JsonElement made = await JsonAsync("backup", "--vm", vm, "--disk", disk);
            ids.Add(made.GetProperty("restorePoint").GetString()!);
        }

        return [.. ids];
    }

    private async Task<IEnumerable<string?>> ListedAsync() => (await JsonAsync("list"))
        .GetProperty("restorePoints").EnumerateArray().Select(point => point.GetProperty("id").GetString());

    private async Task<JsonElement> JsonAsync(params string[] arguments) =>
        (await hvbackup.RunAsync(arguments)).Json();

    private static IEnumerable<string?> Rules(JsonElement point) => point.GetProperty("reasons").EnumerateArray()
        .Select(reason => reason.GetProperty("rule").GetString());

    private static void AssertFields(JsonElement element, params string[] names) =>
        Assert.Equal(names, element.EnumerateObject().Select(property => property.Name));
}
