using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Explain;
using HyperVBackup.Repository.Points;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>explain</c>: says what keeps a chunk, a pack or a restore point, and what deleting a point would free.
/// </summary>
internal static class ExplainCommand
{
    private const int ChunkIdDigits = 2 * Digest.SizeBytes;

    private static readonly Argument<string> What = new("CHUNK|PACK|POINT")
    {
        Description = "A chunk's id (64 hexadecimal digits), a pack's name (packs/… or maps/…), or a restore point: "
            + PointArguments.Help,
    };

    public static Command Create()
    {
        Command command = new(
            "explain", "Say what keeps a chunk, a pack or a restore point, and what deleting a point would free.")
        {
            What,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        string what = context.Parsed.GetRequiredValue(What);
        BackupRepository repository = await context.OpenAsync(token);
        Explanation explanation = new(repository);
        string pack = what.StartsWith(FileNames.MirrorFolder, StringComparison.Ordinal)
            ? what[FileNames.MirrorFolder.Length..]
            : what;
        if (PackName.TryParse(pack, out PackName name))
        {
            RecordText text = new("pack", name.BlobName, await context.Live.RunAsync(show =>
                explanation.ExplainPackAsync(name, Shown(show), token)));
            text.Write(context.IsJson);
        }
        else if (TryParseChunk(what, out ChunkId chunk))
        {
            RecordText text = new("chunk", chunk.ToString(), await context.Live.RunAsync(show =>
                explanation.ExplainChunkAsync(chunk, Shown(show), token)));
            text.Write(context.IsJson);
        }
        else
        {
            RestorePoint point = PointSelector.Find(await repository.ListAllPointsAsync(token), what);
            PointExplanation explained = await context.Live.RunAsync(show => explanation.ExplainPointAsync(
                point,
                new Told<CollectProgress>(at => show(new Step(at.Stage, at.DoneCount, at.TotalCount, 0))),
                token));
            if (explained.SpaceFault is { } fault)
            {
                context.Live.Warn($"What deleting it would free cannot be told. {fault}");
            }

            new PointExplanationText(explained).Write(context.IsJson);
        }

        return ExitCodes.Done;
    }

    private static Told<VerificationProgress> Shown(Action<Step> show) =>
        new(at => show(new Step(at.Stage, at.DoneCount, at.TotalCount, at.ReadBytes)));

    private static bool TryParseChunk(string text, out ChunkId id)
    {
        bool isChunk = text.Length == ChunkIdDigits && text.All(char.IsAsciiHexDigit);
        id = isChunk ? new ChunkId(new Digest(Convert.FromHexString(text))) : default;
        return isChunk;
    }
}
