using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>stats</c>: says what the repository holds, and how restore points read.</summary>
internal static class StatsCommand
{
    private static readonly Argument<string[]> Points = new("POINT")
    {
        Description = "Measure these points; the newest of each VM if none is given. " + PointArguments.Help,
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<bool> All = new("--all") { Description = "Measure every point." };

    private static readonly Option<bool> Predict = new("--predict")
    {
        Description = "Also predict how fast each restores: restores up to 256 MiB of it, and removes that again.",
    };

    private static readonly Option<string?> Into = new("--into")
    {
        Description = "Predict restores into this folder; into that of the index if not given.",
        HelpName = "FOLDER",
    };

    public static Command Create()
    {
        Command command = new(
            "stats",
            "Say what the repository holds and what it takes, how points restore, and how much of each disk was held "
            + "against the real one since when.")
        {
            Points, All, Predict, Into,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        string[] references = context.Parsed.GetValue(Points) ?? [];
        if (references.Length > 0 && context.Parsed.GetValue(All))
        {
            throw new UsageException("--all names all points already: leave it or the points out.");
        }

        BackupRepository repository = await context.OpenAsync(token);
        List<RestorePoint> all = await repository.ListPointsAsync(token);
        List<RestorePoint> points = PointMeasurement.Choose(all, references, context.Parsed.GetValue(All));
        RepositoryStatistics statistics = await repository.MeasureAsync(token);
        PointMeasurement measurement = new(context, context.NewEngine(repository), SampleFolder(context));
        List<PointFigures> figures = await measurement.RunAsync(points, all, token);
        if (context.IsJson)
        {
            WriteJson(repository, RowsOf(repository, statistics), statistics.Verified, figures);
        }
        else
        {
            WriteText(
                repository, RowsOf(repository, statistics), statistics.Verified, figures,
                SampleFolder(context) is not null);
        }

        return ExitCodes.Done;
    }

    /// <returns>Null where nothing is to be predicted.</returns>
    private static string? SampleFolder(CommandContext context) =>
        context.Parsed.GetValue(Into) is string folder
            ? folder.Length > 0 ? folder : throw new UsageException("--into '' names no folder.")
            : context.Parsed.GetValue(Predict) ? context.Environment.StateFolder ?? Path.GetTempPath() : null;

    private static (string Name, string Words, long Value, bool IsBytes)[] RowsOf(
        BackupRepository repository, RepositoryStatistics statistics) =>
        [
            ("restorePoints", "Restore points", statistics.PointCount, false),
            ("vms", "VMs", statistics.VmCount, false),
            ("chunkSize", "Chunk size", repository.Settings.ChunkSizeBytes, true),
            ("virtualBytes", "Sizes of all restorable disks", statistics.VirtualBytes, true),
            ("logicalBytes", "The same without zeros", statistics.LogicalBytes, true),
            ("chunks", "Records of chunks", statistics.ChunkCount, false),
            ("wholeRecords", "Of them, records of pages", statistics.WholeRecordCount, false),
            ("deltaRecords", "Of them, recipes that take pages from others", statistics.DeltaRecordCount, false),
            ("literalBytes", "In their pages, before compression", statistics.LiteralBytes, true),
            ("chunkRecordBytes", "In them, as stored", statistics.ChunkRecordBytes, true),
            ("deltaRecordBytes", "Of that, in recipes", statistics.DeltaRecordBytes, true),
            ("chunkPacks", "Chunk packs", statistics.ChunkPackCount, false),
            ("chunkPackBytes", "In chunk packs", statistics.ChunkPackFileBytes, true),
            ("protectedPacks", "Of them, protected by parity", statistics.Parity.PackCount, false),
            ("protectedBytes", "In these", statistics.Parity.PackBytes, true),
            ("parityFiles", "Parity files", statistics.Parity.FileCount, false),
            ("parityBytes", "In parity files", statistics.Parity.FileBytes, true),
            ("mapPacks", "Map packs", statistics.MapPackCount, false),
            ("mapPackBytes", "In map packs, both copies", statistics.MapPackFileBytes, true),
            ("indexEntries", "Chunks and hooks in this host's index", statistics.Index?.EntryCount ?? 0, false),
            ("notIndexedEntries", "Given up, as --memory is too small", statistics.Index?.NotIndexedCount ?? 0, false),
            ("indexBytes", "The index on this host", statistics.Index?.FileBytes ?? 0, true),
            ("notedPlaces", "Places known to be damaged, to all hosts", statistics.NotedCount, false),
            ("damagedPacks", "Packs that cannot be read", statistics.DamagedPackCount, false),
        ];

    private static void WriteJson(
        BackupRepository repository, (string Name, string Words, long Value, bool IsBytes)[] rows,
        VerifiedShares verified, List<PointFigures> figures) =>
        JsonOutput.Write(json =>
        {
            json.WriteString("compression", repository.Settings.Compression.ToString());
            foreach ((string name, _, long value, _) in rows)
            {
                json.WriteNumber(name, value);
            }

            VerifiedOutput.WriteJson(json, verified);
            PointFiguresOutput.WriteJson(json, figures);
        });

    private static void WriteText(
        BackupRepository repository, (string Name, string Words, long Value, bool IsBytes)[] rows,
        VerifiedShares verified, List<PointFigures> figures, bool isPredicted)
    {
        TextTable table = new($"REPOSITORY {repository.Id}", "");
        table.Add("Compression", repository.Settings.Compression.ToString());
        foreach ((_, string words, long value, bool isBytes) in rows)
        {
            table.Add(words, isBytes ? SizeText.Format(value) : $"{value}");
        }

        VerifiedOutput.AddTo(table, verified);
        table.WriteTo(Console.Out);
        PointFiguresOutput.WriteText(figures, isPredicted);
    }
}
