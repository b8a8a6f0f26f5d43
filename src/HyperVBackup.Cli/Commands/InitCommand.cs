using System.CommandLine;
using System.CommandLine.Parsing;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Pins;

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

    private static readonly Option<int?> Parity = ParityOption.New(
        "Bytes of parity that are put for a hundred bytes of packs, by which 'repair' mends damage; none if not "
        + "given.");

    private static readonly Option<DateTimeOffset?> ImmutableUntil =
        ImmutableOption.New("No verb takes any restore point away");

    public static Command Create()
    {
        Command command = new("init", "Make an empty repository in a folder; the folder need not be there.")
        {
            ChunkSize, Codec, Parity, ImmutableUntil,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        ImmutableOption.RequireToCome(context, ImmutableUntil);
        RepositorySettings settings = new()
        {
            ChunkSizeBytes = (int)(context.Parsed.GetValue(ChunkSize) ?? FormatLimits.ChunkSizeDefaultBytes),
            Compression = context.Parsed.GetValue(Codec),
            ParityPercent = context.Parsed.GetValue(Parity) ?? 0,
            Created = context.Environment.Clock.GetUtcNow(),
        };
        BackupRepository repository =
            await BackupRepository.InitializeAsync(context.NewStore(), settings, context.Environment, token);
        DateTimeOffset? until = context.Parsed.GetValue(ImmutableUntil);
        if (until is { } time)
        {
            await new PointPins(repository).HoldAsync(default, time, token);
        }

        if (context.IsJson)
        {
            JsonOutput.Write(json =>
            {
                json.WriteString("repository", repository.Id.ToString());
                json.WriteNumber("chunkSize", settings.ChunkSizeBytes);
                json.WriteString("compression", settings.Compression.ToString());
                json.WriteNumber("parity", settings.ParityPercent);
                PinText.WriteUntil(json, until);
            });
        }
        else
        {
            string parity = settings.ParityPercent > 0 ? $", {settings.ParityPercent} % of parity" : "";
            string chunks = SizeText.Format(settings.ChunkSizeBytes);
            Console.WriteLine($"Repository {repository.Id}: {chunks} chunks, {settings.Compression}{parity}.");
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
