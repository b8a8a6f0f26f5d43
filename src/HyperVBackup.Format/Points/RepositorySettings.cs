using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Points;

/// <summary>What holds for a whole repository, as in repo-format/repository-settings.md. Immutable.</summary>
public sealed record RepositorySettings
{
    internal const int ChunkSizeAt = 0;
    internal const int FanOutAt = ChunkSizeAt + sizeof(uint);
    internal const int CodecAt = FanOutAt + sizeof(ushort);
    internal const int LevelAt = CodecAt + sizeof(byte);
    internal const int ParityPercentAt = LevelAt + sizeof(int);
    internal const int RequiredFeaturesAt = ParityPercentAt + sizeof(byte);
    internal const int OptionalFeaturesAt = RequiredFeaturesAt + sizeof(ulong);
    internal const int CreatedAt = OptionalFeaturesAt + sizeof(ulong);
    internal const int KeySlotCountAt = CreatedAt + sizeof(long);
    public const int SizeBytes = KeySlotCountAt + sizeof(ushort);
    private const string What = "repository settings";
    private const int ParityPercentMax = 100;

    /// <summary>A power of two from 16 KiB to 4 MiB.</summary>
    public int ChunkSizeBytes { get; init; } = FormatLimits.ChunkSizeDefaultBytes;

    /// <summary>How many pages a chunk has.</summary>
    public int PagesPerChunk => ChunkSizeBytes / FormatLimits.PageSizeBytes;

    /// <summary>What new records are compressed with; any codec may stand in any record.</summary>
    public Compression Compression { get; init; } = Compression.Lz4;

    /// <summary>Of the bytes of its chunk packs that each writing session puts as parity beside them, in percent; 0 to
    /// put none.</summary>
    public int ParityPercent { get; init; }

    /// <summary>Features a reader may leave alone; unknown ones are kept.</summary>
    public ulong OptionalFeatures { get; init; }

    /// <summary>Kept in whole milliseconds.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <returns>The plain body of its record.</returns>
    /// <exception cref="ArgumentException">The chunk size or the share of parity is none.</exception>
    public byte[] Write()
    {
        if (!FormatLimits.IsChunkSize(ChunkSizeBytes))
        {
            throw new ArgumentException($"{ChunkSizeBytes} bytes are no chunk size.");
        }

        if (ParityPercent is < 0 or > ParityPercentMax)
        {
            throw new ArgumentException($"{ParityPercent} % are no share of parity.");
        }

        BodyWriter body = new();
        body.UInt32(ChunkSizeBytes);
        body.UInt16(FormatLimits.FanOut);
        body.Byte((byte)Compression.Codec);
        body.UInt32(Compression.Level);
        body.Byte((byte)ParityPercent);
        body.UInt64(0);
        body.UInt64(OptionalFeatures);
        body.Time(Created);
        body.UInt16(0);
        return body.ToArray();
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/repository-settings.md, or needs a
    /// feature this program does not know.</exception>
    public static RepositorySettings Read(ReadOnlySpan<byte> plain)
    {
        BodyReader body = new(plain, What);
        uint chunkSizeBytes = body.UInt32("chunk size");
        body.Require(FormatLimits.IsChunkSize(chunkSizeBytes), "chunk size");
        body.Require(body.UInt16("fan-out") == FormatLimits.FanOut, "fan-out");
        Codec codec = (Codec)body.Byte("codec");
        uint level = body.UInt32("level");
        body.Require(level <= FormatLimits.ZstdLevelMax && Compression.IsValid(codec, (int)level), "codec and level");
        int parityPercent = body.Byte("parity percent");
        body.Require(parityPercent <= ParityPercentMax, "parity percent");
        ulong required = body.UInt64("required features");
        body.Require(required == 0, $"required features {required:x} are not known to this program");
        ulong optional = body.UInt64("optional features");
        DateTimeOffset created = body.Time("created");
        body.Require(body.UInt16("key slot count") == 0, "keys are not known to this program");
        body.RequireEnd();
        return new RepositorySettings
        {
            ChunkSizeBytes = (int)chunkSizeBytes,
            Compression = new Compression(codec, (int)level),
            ParityPercent = parityPercent,
            OptionalFeatures = optional,
            Created = created,
        };
    }
}
