using System.Globalization;
using System.Text.Json;
using Xunit;

namespace HyperVBackup.Cli.Tests;

/// <summary>The documents that scripts outside the project rely on.</summary>
public sealed class JsonTests : IDisposable
{
    private readonly HvBackup hvbackup = new();

    [Fact]
    public async Task Every_document_has_exactly_the_fields_of_the_contract()
    {
        await hvbackup.InitAsync();
        await BackUpAsync("t1", since: null);
        JsonElement backup = await BackUpAsync("t2", since: "t1");
        AssertFields(backup, "restorePoint", "vm", "kind", "hitsReread", "disks");
        AssertFields(
            backup.GetProperty("disks")[0], "disk", "kind", "virtualSize", "bytesRead", "bytesAudited", "bytesChanged",
            "chunksNew", "bytesNew", "bytesStored", "root", "provenAfterRuns");
        Assert.Equal("incremental", backup.GetProperty("kind").GetString());

        JsonElement list = await JsonAsync("list", "--vm", "WEB");
        AssertFields(list, "restorePoints");
        JsonElement point = list.GetProperty("restorePoints")[1];
        AssertFields(point, "id", "vm", "sequence", "time", "kind", "pinned", "disks");
        AssertFields(point.GetProperty("disks")[0], "disk", "kind", "virtualSize", "root", "trackingId");
        Assert.Equal(backup.GetProperty("restorePoint").GetString(), point.GetProperty("id").GetString());
        Assert.Equal("t2", point.GetProperty("disks")[0].GetProperty("trackingId").GetString());
        string time = point.GetProperty("time").GetString()!;
        Assert.EndsWith("Z", time, StringComparison.Ordinal);
        Assert.True(DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, out _));

        JsonElement synthetic = await JsonAsync("synthesize", "--vm", "web");
        AssertFields(synthetic, "restorePoint", "disks");
        AssertFields(synthetic.GetProperty("disks")[0], "disk", "root", "proof", "folded");
        Assert.Equal("equal", synthetic.GetProperty("disks")[0].GetProperty("proof").GetString());
        Assert.Equal(1, synthetic.GetProperty("disks")[0].GetProperty("folded").GetInt32());

        JsonElement verify = await JsonAsync("verify", "--read-data");
        AssertFields(verify, "damage", "bytesRead", "noted", "rotationPercent");
        Assert.True(verify.GetProperty("bytesRead").GetInt64() > 1 << 20);

        JsonElement repair = await JsonAsync("repair", "--dry-run", "--read-data");
        AssertFields(repair, "dryRun", "healed", "left", "touched", "bytesRead", "bytesWritten");
        Assert.True(repair.GetProperty("bytesRead").GetInt64() > 1 << 20);

        JsonElement collect = await JsonAsync("collect", "--dry-run", "--patience", "30s");
        AssertFields(
            collect, "dryRun", "bytesBefore", "bytesAfter", "bytesFreed", "filesDeleted", "packsRemoved",
            "packsRepacked", "bytesRepacked", "mapBytesRead", "collections", "pointsRemoved", "sessionsFenced");
        Assert.True(collect.GetProperty("bytesBefore").GetInt64() > 1 << 20);
    }

    [Fact]
    public async Task A_difference_is_given_in_ranges_and_a_lost_tracking_with_its_reason()
    {
        await hvbackup.InitAsync();
        string first = (await BackUpAsync("t1", since: null)).GetProperty("restorePoint").GetString()!;
        await using (FileStream disk = File.OpenWrite(hvbackup.PathOf("d.raw")))
        {
            disk.Position = 3 << 16;
            disk.WriteByte(1);
        }

        JsonElement recovered = await BackUpAsync("t3", since: "t2", expectWarning: true);
        Assert.Equal("recovered", recovered.GetProperty("kind").GetString());
        Assert.Contains(
            "t2", recovered.GetProperty("disks")[0].GetProperty("lostReason").GetString(), StringComparison.Ordinal);

        JsonElement diff = await JsonAsync("diff", first[..4], "web@latest");
        AssertFields(diff, "disks");
        AssertFields(diff.GetProperty("disks")[0], "disk", "ranges");
        JsonElement range = Assert.Single(diff.GetProperty("disks")[0].GetProperty("ranges").EnumerateArray());
        AssertFields(range, "offset", "length");
        Assert.Equal(3 << 16, range.GetProperty("offset").GetInt64());
        Assert.Equal(1 << 16, range.GetProperty("length").GetInt64());
    }

    [Fact]
    public async Task Damage_is_told_with_its_file_offset_and_points()
    {
        await hvbackup.InitAsync();
        string id = (await BackUpAsync("t1", since: null)).GetProperty("restorePoint").GetString()!;
        string pack = Assert.Single(hvbackup.Stored("packs"));
        byte[] bytes = await File.ReadAllBytesAsync(pack);
        bytes[1000] ^= 1;
        await File.WriteAllBytesAsync(pack, bytes);

        CommandResult result = await hvbackup.RunAsync("verify", "--read-data");

        using JsonDocument document = JsonDocument.Parse(result.Output);
        AssertFields(document.RootElement, "damage", "bytesRead", "noted", "rotationPercent");
        JsonElement damage = document.RootElement.GetProperty("damage")[0];
        AssertFields(damage, "file", "offset", "what", "points", "disks");
        JsonElement disk = Assert.Single(damage.GetProperty("disks").EnumerateArray());
        AssertFields(disk, "point", "disk", "rangeCount", "ranges");
        AssertFields(disk.GetProperty("ranges")[0], "offset", "length");
        Assert.Equal(Path.GetRelativePath(hvbackup.Repository, pack), damage.GetProperty("file").GetString());
        Assert.Equal(id, Assert.Single(damage.GetProperty("points").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task What_follows_read_data_may_be_a_share_or_a_point_and_options_stand_anywhere()
    {
        await hvbackup.InitAsync();
        await BackUpAsync("t1", since: null);
        long everything = await BytesReadAsync("verify", "--read-data");
        Assert.Equal(everything, await BytesReadAsync("verify", "--read-data", "web@latest"));
        Assert.Equal(everything, await BytesReadAsync("-r", hvbackup.Repository, "verify", "--read-data", "100"));
        Assert.True(await BytesReadAsync("verify", "--read-data", "0", "web@latest") < everything);

        CommandResult elsewhere = await hvbackup.RunAsync("list", "--repository", hvbackup.PathOf("elsewhere"));
        Assert.Contains("elsewhere", elsewhere.Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_before_the_path_names_the_disk_unless_the_whole_is_a_file()
    {
        await hvbackup.InitAsync();
        hvbackup.NewRaw("x=y.raw");
        hvbackup.NewRaw("@z.raw");
        JsonElement backup = await JsonAsync("backup", "--vm", "a", "--disk", "x=y.raw", "n=x=y.raw", "@z.raw");

        Assert.Equal(
            ["x=y", "n", "@z"],
            backup.GetProperty("disks").EnumerateArray().Select(disk => disk.GetProperty("disk").GetString()));
    }

    [Fact]
    public async Task The_demonstration_shows_the_main_job_in_one_document()
    {
        JsonElement demo = await JsonAsync("demo", "--folder", hvbackup.PathOf("demo"));

        Assert.Equal(
            ["first full", "tracked incremental", "tracking lost, recovered by checksum", "synthetic full",
                "verify --read-data", "restore to VHDX, compared"],
            demo.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("step").GetString()));
    }

    [Fact]
    public async Task The_demonstration_on_a_host_says_that_it_is_simulated_and_what_each_step_showed()
    {
        JsonElement demo = await JsonAsync("demo", "--host", "--folder", hvbackup.PathOf("demo"));

        AssertFields(demo, "simulated", "caution", "steps");
        JsonElement[] steps = [.. demo.GetProperty("steps").EnumerateArray()];
        Assert.Equal(9, steps.Length);
        Assert.Equal(
            "12 disks of 7 points: each what its checkpoint held", steps[^1].GetProperty("result").GetString());
        Assert.True(steps[2].GetProperty("bytesRead").GetInt64() < steps[0].GetProperty("bytesRead").GetInt64() / 2);
        CommandResult text = await hvbackup.RunPlainAsync("demo", "--host");
        Assert.Equal((0, ""), (text.ExitCode, text.Errors));
        Assert.StartsWith("The Hyper-V host is simulated: ", text.Output, StringComparison.Ordinal);
    }

    public void Dispose() => hvbackup.Dispose();

    private async Task<JsonElement> BackUpAsync(string id, string? since, bool expectWarning = false)
    {
        string disk = File.Exists(hvbackup.PathOf("d.raw")) ? hvbackup.PathOf("d.raw") : hvbackup.NewRaw("d.raw");
        string ranges = hvbackup.PathOf(id + ".json");
        await File.WriteAllTextAsync(ranges, JsonSerializer.Serialize(new { since, id, ranges = Array.Empty<int>() }));
        CommandResult result = await hvbackup.RunAsync("backup", "--vm", "web", "--disk", disk, "--changes", ranges);
        Assert.Equal(expectWarning, result.Errors.StartsWith("hvbackup: warning: ", StringComparison.Ordinal));
        return (result with { Errors = "" }).Json();
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments) =>
        (await hvbackup.RunAsync(arguments)).Json();

    private async Task<long> BytesReadAsync(params string[] arguments) =>
        (await JsonAsync(arguments)).GetProperty("bytesRead").GetInt64();

    private static void AssertFields(JsonElement element, params string[] names) =>
        Assert.Equal(names, element.EnumerateObject().Select(property => property.Name));
}
