using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Index;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>rebuild-index</c>: makes this host's chunk index anew from the packs.</summary>
internal static class RebuildIndexCommand
{
    public static Command Create()
    {
        Command command = new("rebuild-index", "Make this host's chunk index anew from the packs' tables.");
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        BackupRepository repository = await context.OpenAsync(token);
        long chunks = await context.Live.RunAsync(show =>
            repository.RebuildIndexAsync(
                new Told<IndexProgress>(at =>
                    show(new Step("packs", at.PacksDone, at.PackCount, Bytes: 0) { Chunks = at.ChunkCount })), token));
        if (context.IsJson)
        {
            JsonOutput.Write(json => json.WriteNumber("chunks", chunks));
        }
        else
        {
            Console.WriteLine($"The index holds {Words.OfCount(chunks, "chunk")}.");
        }

        return ExitCodes.Done;
    }
}
