using System.Text.Json;
using Xunit;

namespace HyperVBackup.Cli.Tests;

/// <summary>What the commands say of audits and of trackers that were caught.</summary>
public sealed class AuditTests : IDisposable
{
    private const int Chunk = 64 << 10;

    private readonly HvBackup hvbackup = new();
    private readonly string disk;
    private int state = -1;

    public AuditTests()
    {
        disk = hvbackup.NewRaw("d.raw");
    }

    [Fact]
    public async Task A_point_says_its_horizon_and_stats_what_is_proven_since_when()
    {
        await hvbackup.InitAsync();
        JsonElement full = DiskOf((await BackUpAsync("--audit", "25")).Json());
        Assert.False(full.TryGetProperty("provenAfterRuns", out _));
        JsonElement proof = await ProofAsync();
        Assert.Equal(
            [
                "disk", "provenPercent", "provenSince", "provenSinceTime", "laterPercent", "laterPoints",
                "provenAfterRuns", "sourceTrusted",
            ],
            proof.EnumerateObject().Select(property => property.Name));
        Assert.Equal((100, 0), (proof.GetProperty("provenPercent").GetDouble(), Number(proof, "laterPoints")));

        JsonElement second = DiskOf((await BackUpAsync("--audit", "25")).Json());
        Assert.Equal(3, Number(second, "provenAfterRuns"));
        Assert.Equal(Number(second, "virtualSize") / 4, Number(second, "bytesAudited"));
        proof = await ProofAsync();
        Assert.Equal((100, 25), (Number(proof, "provenPercent"), Number(proof, "laterPercent")));
        Assert.Equal((1, 3), (Number(proof, "laterPoints"), Number(proof, "provenAfterRuns")));
        string text = (await hvbackup.RunPlainAsync("stats")).Output;
        Assert.Contains("web d: 100 % proven since", text, StringComparison.Ordinal);
        Assert.Contains(
            "; 25 % of it within the last point. All proven after 3 more runs.", text, StringComparison.Ordinal);

        text = (await BackUpAsync(isPlain: true, "--audit", "25")).Output;
        Assert.Contains("All proven after 3 more runs.", text, StringComparison.Ordinal);
        JsonElement none = DiskOf((await BackUpAsync("--audit", "0")).Json());
        Assert.Equal(JsonValueKind.Null, none.GetProperty("provenAfterRuns").ValueKind);
    }

    [Fact]
    public async Task A_tracker_that_was_caught_is_told_with_what_it_left_out_until_it_is_trusted_again()
    {
        await hvbackup.InitAsync();
        await BackUpAsync();
        Change(5 * Chunk);
        Change(6 * Chunk);
        CommandResult caught = await BackUpAsync("--audit", "100");
        Assert.Contains("not trusted", caught.Errors, StringComparison.Ordinal);
        JsonElement told = DiskOf((caught with { Errors = "" }).Json());
        Assert.Equal("recovered", told.GetProperty("kind").GetString());
        Assert.False(told.GetProperty("sourceTrusted").GetBoolean());
        Assert.Equal(2, Number(told, "unreportedChunks"));
        JsonElement range = Assert.Single(told.GetProperty("unreportedRanges").EnumerateArray());
        Assert.Equal((5 * Chunk, 2 * Chunk), (Number(range, "offset"), Number(range, "length")));
        Assert.False((await ProofAsync()).GetProperty("sourceTrusted").GetBoolean());
        JsonElement listed = DiskOf(
            (await hvbackup.RunAsync("list")).Json().GetProperty("restorePoints").EnumerateArray().Last());
        Assert.False(listed.GetProperty("sourceTrusted").GetBoolean());

        Change(9 * Chunk);
        CommandResult again = await BackUpAsync(isPlain: true);
        Assert.Contains("it left out", again.Output, StringComparison.Ordinal);
        CommandResult trusted = await BackUpAsync("--audit", "0");
        Assert.Contains("trusted again", trusted.Errors, StringComparison.Ordinal);
        told = DiskOf((trusted with { Errors = "" }).Json());
        Assert.Equal("recovered", told.GetProperty("kind").GetString());
        Assert.False(told.TryGetProperty("sourceTrusted", out _));
        Assert.Equal("incremental", DiskOf((await BackUpAsync()).Json()).GetProperty("kind").GetString());
    }

    public void Dispose() => hvbackup.Dispose();

    private static JsonElement DiskOf(JsonElement document) => document.GetProperty("disks")[0];

    private static long Number(JsonElement element, string name) => (long)element.GetProperty(name).GetDouble();

    private async Task<JsonElement> ProofAsync() => DiskOf(
        (await hvbackup.RunAsync("stats")).Json().GetProperty("points")[0]);

    private void Change(long offsetBytes)
    {
        using FileStream image = File.OpenWrite(disk);
        image.Position = offsetBytes;
        image.Write("not told of"u8);
    }

    private Task<CommandResult> BackUpAsync(params string[] options) => BackUpAsync(isPlain: false, options);

    /// <summary>With a tracker that tells of no change.</summary>
    private async Task<CommandResult> BackUpAsync(bool isPlain, params string[] options)
    {
        string ranges = hvbackup.PathOf($"{++state}.json");
        string? since = state == 0 ? null : $"t{state - 1}";
        await File.WriteAllTextAsync(
            ranges, JsonSerializer.Serialize(new { since, id = $"t{state}", ranges = Array.Empty<int>() }));
        string[] arguments = ["backup", "--vm", "web", "--disk", disk, "--changes", ranges, .. options];
        return isPlain ? await hvbackup.RunPlainAsync(arguments) : await hvbackup.RunAsync(arguments);
    }
}
