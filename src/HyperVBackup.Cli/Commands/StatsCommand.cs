using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>stats</c>: says what the repository holds.</summary>
internal static class StatsCommand
{
    public static Command Create()
    {
        Command command = new("stats", "Say what the repository holds and what it takes.");
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        BackupRepository repository = await context.OpenAsync(token);
        RepositoryStatistics statistics = await repository.MeasureAsync(token);
        (string Name, string Words, long Value, bool IsBytes)[] rows =
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
            ("mapPacks", "Map packs", statistics.MapPackCount, false),
            ("mapPackBytes", "In map packs, both copies", statistics.MapPackFileBytes, true),
            ("indexEntries", "Chunks and hooks in this host's index", statistics.Index?.EntryCount ?? 0, false),
            ("notIndexedEntries", "Given up, as --memory is too small", statistics.Index?.NotIndexedCount ?? 0, false),
            ("indexBytes", "The index on this host", statistics.Index?.FileBytes ?? 0, true),
            ("damagedPacks", "Packs that cannot be read", statistics.DamagedPackCount, false),
        ];
        string compression = repository.Settings.Compression.ToString();
        if (context.IsJson)
        {
            JsonOutput.Write(json =>
            {
                json.WriteString("compression", compression);
                foreach ((string name, _, long value, _) in rows)
                {
                    json.WriteNumber(name, value);
                }
            });
            return ExitCodes.Done;
        }

        TextTable table = new($"REPOSITORY {repository.Id}", "");
        table.Add("Compression", compression);
        foreach ((_, string words, long value, bool isBytes) in rows)
        {
            table.Add(words, isBytes ? SizeText.Format(value) : $"{value}");
        }

        table.WriteTo(Console.Out);
        return ExitCodes.Done;
    }
}
