using System.CommandLine;
using System.CommandLine.Parsing;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>init</c>: makes an empty repository.</summary>
internal static class InitCommand
{
    private static readonly Option<long?> ChunkSize = new("--chunk-size")
    {
        Description = "The grid disks are cut into: a power of two from 16KiB to 4MiB; 64KiB if not given.",
        HelpName = "SIZE",
        CustomParser = ParseChunkSize,
    };

    private static readonly Option<Compression> Codec = new("--compression")
    {
        Description =
            "What chunks are compressed with: lz4, zstd (level 1), zstd:LEVEL (1 to 19) or none; lz4 if not given.",
        HelpName = "CODEC",
        DefaultValueFactory = _ => Compression.Lz4,
        CustomParser = result =>
        {
            if (!Compression.TryParse(result.Tokens[^1].Value, out Compression compression))
            {
                result.AddError(
                    $"'{result.Tokens[^1].Value}' is no compression: use lz4, zstd, zstd:LEVEL (1 to 19) or none.");
            }

            return compression;
        },
    };

    public static Command Create()
    {
        Command command = new("init", "Make an empty repository in a folder; the folder need not be there.")
        {
            ChunkSize, Codec,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        RepositorySettings settings = new()
        {
            ChunkSizeBytes = (int)(context.Parsed.GetValue(ChunkSize) ?? FormatLimits.ChunkSizeDefaultBytes),
            Compression = context.Parsed.GetValue(Codec),
            Created = context.Environment.Clock.GetUtcNow(),
        };
        BackupRepository repository =
            await BackupRepository.InitializeAsync(context.NewStore(), settings, context.Environment, token);
        if (context.IsJson)
        {
            JsonOutput.Write(json =>
            {
                json.WriteString("repository", repository.Id.ToString());
                json.WriteNumber("chunkSize", settings.ChunkSizeBytes);
                json.WriteString("compression", settings.Compression.ToString());
            });
        }
        else
        {
            string chunks = SizeText.Format(settings.ChunkSizeBytes);
            Console.WriteLine($"Repository {repository.Id}: {chunks} chunks, {settings.Compression}.");
        }

        return ExitCodes.Done;
    }

    private static long? ParseChunkSize(ArgumentResult result)
    {
        long? bytes = SizeText.Parse(result, FormatLimits.ChunkSizeMinBytes, FormatLimits.ChunkSizeMaxBytes);
        if (!result.Errors.Any() && !FormatLimits.IsChunkSize(bytes ?? 0))
        {
            result.AddError($"'{result.Tokens[^1].Value}' is no chunk size: it is a power of two from 16KiB to 4MiB.");
        }

        return bytes;
    }
}
