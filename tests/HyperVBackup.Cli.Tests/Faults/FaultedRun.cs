using System.Text.Json;
using System.Text.RegularExpressions;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Cli.Tests.Faults;

/// <summary>One command with one fault, and all that must hold of it and after it.</summary>
internal sealed partial class FaultedRun(SmallHistory history, FaultedVerb verb, FaultKind kind, int at, bool isLasting)
{
    private readonly (RecordingFiles Files, string State) place = PlaceOf(history, verb);

    private static readonly string[] OfNoSession = ["leases", "pruned", "pins", "condemned", "retired", "time"];
    private string context = "";

    /// <summary>How many calls can fail in this way, where none does.</summary>
    public static async Task<(int CallCount, string Output)> CountAsync(
        SmallHistory history, FaultedVerb verb, FaultKind kind)
    {
        (RecordingFiles files, string state) = PlaceOf(history, verb);
        FaultyFiles counted = new(files, kind, at: 0, isLasting: false);
        CommandResult result = await new FaultedHost(counted, state).RunAsync(
            verb.Arguments(history, history.NewFolder()));
        Assert.True(result.ExitCode == 0, $"{verb.Name}: {result.Errors}");
        Directory.Delete(state, recursive: true);
        return (counted.CallCount, result.Output);
    }

    /// <returns>Whether the command failed.</returns>
    /// <param name="expected">What it says where nothing fails.</param>
    public async Task<bool> CheckAsync(string expected)
    {
        PlaceContents before = PlaceContents.Read(place.Files, place.State);
        FaultyFiles faulty = new(place.Files, kind, at, isLasting);
        string folder = history.NewFolder();
        CommandResult result = await new FaultedHost(faulty, place.State).RunAsync(verb.Arguments(history, folder));
        context = $"{verb.Name}, {kind} {(isLasting ? "from" : "at")} call {at} ({faulty.FaultCount} failed): "
            + $"exit code {result.ExitCode}, '{result.Errors.TrimEnd()}'";
        RequireAnswer(result, expected);
        RequireImage(result, folder);
        bool isUntouched = before.IsSameAs(PlaceContents.Read(place.Files, place.State));
        await RequireNextAsync();
        if (!isUntouched)
        {
            await RequireAsBeforeAsync(result);
        }

        Directory.Delete(place.State, recursive: true);
        Directory.Delete(folder, recursive: true);
        return result.ExitCode != 0;
    }

    private void RequireAnswer(CommandResult result, string expected)
    {
        string[] lines = result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] failures = [.. lines.Where(
            line => !line.StartsWith("hvbackup: warning: ", StringComparison.Ordinal))];
        Assert.All(lines, RequireSentence);
        bool isReport = verb.MayReport && result.ExitCode == 1 && failures.Length == 0;
        Require(result.ExitCode is 0 or 1, "an exit code of its own");
        Require(failures.Length == (result.ExitCode == 0 || isReport ? 0 : 1), "not one sentence");
        Require(result.ExitCode == 0 || isReport || result.Output.Length == 0, "a document of a failure");
        bool isExact = verb.IsExact && !SaysUnreadable().IsMatch(result.Output);
        Require(result.ExitCode != 0 || !isExact || IsAnswer(result.Output, expected), "another answer");
        Require(kind != FaultKind.ShortRead || result.ExitCode == 0, "a failure for a short read");
        if (result.ExitCode == 0 || isReport)
        {
            using JsonDocument document = JsonDocument.Parse(result.Output);
        }
    }

    /// <summary>A pin that vanishes for a moment after it was listed is one that somebody took away.</summary>
    private bool IsAnswer(string output, string expected) => output == expected
        || (verb.ShowsPins && kind == FaultKind.Vanished && !isLasting);

    private void RequireSentence(string line)
    {
        Require(line.StartsWith("hvbackup: ", StringComparison.Ordinal), "no line of ours");
        Require(line.EndsWith('.') && !line.EndsWith("..", StringComparison.Ordinal), "no sentence");
        Require(!line.Contains("should not happen", StringComparison.Ordinal), "an error that is ours");
        Require(!line.Contains("Exception", StringComparison.Ordinal), "a type's name");
        Require(!line.Contains("   at ", StringComparison.Ordinal), "a stack trace");
    }

    private void RequireImage(CommandResult result, string folder)
    {
        if (verb.RestoredName is not { } name)
        {
            return;
        }

        Require(File.Exists(Path.Join(folder, name)) == (result.ExitCode == 0), "an image that should not be");
        Require(Directory.EnumerateFileSystemEntries(folder).Count() == (result.ExitCode == 0 ? 1 : 0), "remains");
        if (result.ExitCode == 0)
        {
            byte[] image = File.ReadAllBytes(Path.Join(folder, name));
            Require(image.AsSpan().SequenceEqual(history.BytesOf(history.Points[1], "")), "wrong bytes");
        }
    }

    /// <summary>The fault is over: the command succeeds.</summary>
    private async Task RequireNextAsync()
    {
        FaultedHost host = new(place.Files, place.State);
        string again = history.NewFolder();
        CommandResult next = await host.RunAsync(verb.Again?.Invoke(history) ?? verb.Arguments(history, again));
        bool isThere = verb.IsWithoutRepository && next.Errors.Contains("already", StringComparison.Ordinal);
        Require(next.ExitCode == 0 || isThere, $"the next run: {next.Errors}");
        Directory.Delete(again, recursive: true);
    }

    /// <summary>Another backup cleans up, and nothing is lost.</summary>
    private async Task RequireAsBeforeAsync(CommandResult before)
    {
        FaultedHost host = new(place.Files, place.State);
        CommandResult other = await host.RunAsync("backup", "--vm", "other", "--disk", history.OtherDisk);
        Require(other.ExitCode == 0, $"another backup: {other.Errors}");
        Require(!place.Files.FilePaths.Any(IsRemains), $"remains: {string.Join(' ', place.Files.FilePaths)}");
        await RequirePointsAsync(host, before);
        CommandResult verified = await host.RunAsync("verify", "--read-data");
        Require(verified.ExitCode == 0, $"verify: {verified.Output} {verified.Errors}");
    }

    private async Task RequirePointsAsync(FaultedHost host, CommandResult before)
    {
        CommandResult listed = await host.RunAsync("list", "--vm", "vm");
        List<string> points = [];
        if (!verb.IsWithoutRepository)
        {
            points.AddRange(listed.Json().GetProperty("restorePoints").EnumerateArray()
                .Select(point => point.GetProperty("id").GetString()!));
            Require(history.Points.Skip(1 + verb.Prunes).All(points.Contains), "a point is lost");
        }

        if (before.ExitCode == 0 && before.Output.Length > 0)
        {
            using JsonDocument document = JsonDocument.Parse(before.Output);
            bool isPoint = document.RootElement.TryGetProperty("restorePoint", out JsonElement made);
            Require(!isPoint || points.Contains(made.GetString()!), "the point that was told of is not there");
        }

        string path = Path.Join(place.State, "restored");
        foreach (string point in points)
        {
            CommandResult restored = await host.RunAsync(
                "restore", point, "--output", path, "--format", "raw", "--force");
            Require(restored.ExitCode == 0, $"restore: {restored.Errors}");
            byte[] truth = history.BytesOf(point, verb.MakesOlderPoint ? history.Points[^1] : "");
            Require(File.ReadAllBytes(path).AsSpan().SequenceEqual(truth), $"{point} restores to other bytes");
        }
    }

    /// <summary>A temporary file of what is put without a lease stays where it could not be deleted at once: nobody can
    /// tell that its writer is gone.</summary>
    private static bool IsRemains(string path) =>
        path.Contains("/leases/", StringComparison.Ordinal) || path.Contains("/signs/", StringComparison.Ordinal)
        || (path.Contains("/.tmp/", StringComparison.Ordinal) && !OfNoSession.Any(
            folder => path.Contains($"/.tmp/{folder}+", StringComparison.Ordinal)));

    private static (RecordingFiles Files, string State) PlaceOf(SmallHistory history, FaultedVerb verb) =>
        verb.IsWithoutRepository ? history.Nothing() : verb.IsRotten ? history.CopyOfRotten() : history.Copy();

    [GeneratedRegex("\"unreadable[A-Z][a-z]+\": [1-9]")]
    private static partial Regex SaysUnreadable();

    private void Require(bool holds, string what) => Assert.True(holds, $"{what}: {context}");
}
