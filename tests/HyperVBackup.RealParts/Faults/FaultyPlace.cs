using System.Text.Json;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Faults;

/// <summary>A copy of the history of which one part lies on a small disk, and what must hold of a command to which
/// something happens there.</summary>
internal sealed class FaultyPlace : IDisposable
{
    private const int RottenBytes = 20_000;
    private readonly TestFolder folder = new();
    private readonly FaultyVerb verb;
    private readonly string context;
    private ToolResult? said;

    public FaultyPlace(
        FaultyHistory history, FaultyVerb verb, PlacePart part, SmallDiskKind kind, string what, int sizeMiB = 16)
    {
        (History, this.verb) = (history, verb);
        context = $"{verb.Name}, {part} on {kind}, {what}";
        Disk = new SmallDisk(folder.File("small"), kind, sizeMiB);
        string PathOf(PlacePart of, string name) => of == part ? Path.Join(Disk.Path, name) : folder.File(name);
        Hvbackup = new Hvbackup(PathOf(PlacePart.Repository, "repository"), PathOf(PlacePart.State, "state"));
        OutputFolder = part == PlacePart.Output ? Disk.Path : folder.Folder("output");
        Copy(history.RepositoryPath, Hvbackup.RepositoryPath);
        Copy(history.StatePath, Hvbackup.StatePath);
        if (verb.IsRotten)
        {
            Rot();
        }

        Tool.Run("sync", "--file-system", Disk.Path); // what is lost later is not of the history
    }

    public FaultyHistory History { get; }

    public SmallDisk Disk { get; }

    public Hvbackup Hvbackup { get; }

    private string OutputFolder { get; }

    public string Output(string name) => Path.Join(OutputFolder, name);

    public void Dispose()
    {
        Disk.Dispose();
        folder.Dispose();
    }

    /// <summary>Runs the command to its end.</summary>
    public ToolResult Run() => said = Hvbackup.Try([.. verb.Arguments(this), "--json"]);

    /// <summary>The same under strace.</summary>
    public ToolResult RunTraced(params IEnumerable<string> options) =>
        said = Hvbackup.TryTraced(options, [.. verb.Arguments(this), "--json"]);

    /// <summary>The same, stopped at each flush; at one of them something is done.</summary>
    /// <param name="flush">Its number, from 1.</param>
    /// <returns>Whether there were so many.</returns>
    public (ToolResult Result, bool IsStruck) RunStopped(int flush, Action strike)
    {
        StoppedRun run = new(Hvbackup, [.. verb.Arguments(this), "--json"]);
        bool isStruck = run.Strike(flush, strike);
        said = run.Finish();
        return (said, isStruck);
    }

    /// <summary>How much room of the small disk the command takes for good; it must succeed.</summary>
    public long NeededBytes()
    {
        long before = Disk.FreeBytes;
        ToolResult result = Run();
        Require(result.ExitCode == 0, result, "it fails without a fault");
        return Math.Max(0, before - Disk.FreeBytes);
    }

    /// <summary>It either did all, or says in one sentence what failed and where.</summary>
    /// <param name="words">Of what happened, in that sentence.</param>
    /// <returns>Whether it failed.</returns>
    public bool RequireAnswer(ToolResult result, params string[] words)
    {
        string[] lines = result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] failures = [.. lines.Where(
            line => !line.StartsWith("hvbackup: warning: ", StringComparison.Ordinal))];
        Require(result.ExitCode is 0 or 1, result, "an exit code of its own");
        bool isReport = verb.MayReport && result.ExitCode == 1 && failures.Length == 0;
        Require(isReport || failures.Length == result.ExitCode, result, "not one sentence");
        foreach (string line in lines)
        {
            Require(line.StartsWith("hvbackup: ", StringComparison.Ordinal), result, "no line of ours");
            Require(line.EndsWith('.') && !line.EndsWith("..", StringComparison.Ordinal), result, "no sentence");
            Require(!line.Contains("should not happen", StringComparison.Ordinal), result, "an error that is ours");
            Require(!line.Contains("Exception", StringComparison.Ordinal), result, "a type's name");
        }

        if (result.ExitCode == 0 || isReport)
        {
            using JsonDocument document = JsonDocument.Parse(result.Output);
            return isReport;
        }

        Require(result.Output.Length == 0, result, "a document of a failure");
        bool isNamed = new[] { folder.Path, "packs/" }.Any(
            name => failures[0].Contains(name, StringComparison.Ordinal));
        Require(isNamed, result, "no file or folder");
        Require(words.Any(word => failures[0].Contains(word, StringComparison.Ordinal)), result, "another reason");
        Require(
            verb.Writes != PlacePart.Output || !Path.Exists(Output("image")), result, "an image that should not be");
        Require(
            verb.Writes != PlacePart.Output || !Directory.EnumerateFiles(OutputFolder, ".tmp*").Any(), result,
            "an image that is not whole");
        return true;
    }

    /// <summary>Every point of the history that is not damaged restores to what it was.</summary>
    public void RequirePoints(bool isHealed)
    {
        foreach (string point in History.Points.Skip(1 + verb.PrunedCount))
        {
            string restored = folder.File("restored.raw");
            ToolResult result = Hvbackup.Try("restore", point, "-o", restored, "--format", "raw", "--force");
            if (verb.IsRotten && !isHealed && result.ExitCode == 1)
            {
                continue;
            }

            Require(result.ExitCode == 0, result, "a point does not restore");
            Require(FaultyHistory.SumOfFile(restored) == History.SumOf(point), result, "other bytes");
        }
    }

    /// <summary>With the fault over the command succeeds where it failed, and after another backup nothing is left
    /// behind and everything is sound.</summary>
    public void RequireAsBefore(bool hasFailed)
    {
        if (hasFailed)
        {
            ToolResult again = Run();
            Require(again.ExitCode == 0, again, "the next run");
        }

        ToolResult other = Hvbackup.Try("backup", "--vm", "other", "--disk", History.OtherDisk);
        Require(other.ExitCode == 0, other, "another backup");
        ToolResult verified = Hvbackup.Try("verify", "--read-data");
        Require(verified.ExitCode == 0, verified, "verify");
        RequireTold();
        string[] left = [.. new[] { ".tmp", "leases", "signs" }.SelectMany(Left)];
        Require(left.Length == 0, verified, "left: " + string.Join(' ', left));
        RequirePoints(isHealed: true);
    }

    /// <summary>A point that was told of is there.</summary>
    private void RequireTold()
    {
        bool makesPoint = verb.Name is "full" or "incremental" or "recovery" or "synthesize" or "sequential";
        if (makesPoint && said is { ExitCode: 0 })
        {
            using JsonDocument document = JsonDocument.Parse(said.Output);
            string point = document.RootElement.GetProperty("restorePoint").GetString()!;
            ToolResult listed = Hvbackup.Try("list");
            Require(listed.Output.Contains(point, StringComparison.Ordinal), listed, $"no {point}, which was told of");
        }
    }

    public void Require(bool holds, ToolResult result, string what) => Assert.True(
        holds, $"{what}: {context}: exit code {result.ExitCode}: {result.Errors.TrimEnd()} {result.Output.TrimEnd()}");

    /// <summary>A temporary lease may belong to a process that only starts, so it stays.</summary>
    private IEnumerable<string> Left(string within)
    {
        string path = Path.Join(Hvbackup.RepositoryPath, within);
        return Directory.Exists(path)
            ? Directory.EnumerateFiles(path).Where(
                file => !Path.GetFileName(file).StartsWith("leases+", StringComparison.Ordinal))
            : [];
    }

    private void Rot()
    {
        string pack = Directory
            .EnumerateFiles(Path.Join(Hvbackup.RepositoryPath, "packs"), "*", SearchOption.AllDirectories)
            .Single(path => Path.GetFileName(path).StartsWith(History.Points[1], StringComparison.Ordinal));
        byte[] bytes = File.ReadAllBytes(pack);
        bytes[RottenBytes] ^= 1;
        File.WriteAllBytes(pack, bytes);
        Hvbackup elsewhere = new(Hvbackup.RepositoryPath, folder.File("elsewhere"));
        Assert.Equal(1, elsewhere.Try("verify", "--read-data").ExitCode);
    }

    private static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (string path in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Join(target, Path.GetRelativePath(source, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }
    }
}
