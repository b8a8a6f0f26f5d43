using System.Globalization;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Codecs;

/// <summary>How a writer compresses: a codec, and a level where the codec has levels (zstd, 1 to 19; else 0).</summary>
public readonly record struct Compression
{
    private const string NoneText = "none";
    private const string Lz4Text = "lz4";
    private const string ZstdText = "zstd";

    /// <exception cref="ArgumentException">The codec has no such level, or there is no such codec.</exception>
    public Compression(Codec codec, int level)
    {
        if (!IsValid(codec, level))
        {
            throw new ArgumentException($"There is no level {level} of {codec}.", nameof(level));
        }

        (Codec, Level) = (codec, level);
    }

    public static Compression None => default;

    public static Compression Lz4 => new(Codec.Lz4, 0);

    public Codec Codec { get; }

    public int Level { get; }

    public static Compression Zstd(int level) => new(Codec.Zstd, level);

    public static bool IsValid(Codec codec, int level) => codec switch
    {
        Codec.None or Codec.Lz4 => level == 0,
        Codec.Zstd => level is >= FormatLimits.ZstdLevelMin and <= FormatLimits.ZstdLevelMax,
        _ => false,
    };

    /// <summary>Reads <c>none</c>, <c>lz4</c>, <c>zstd</c> (level 1) or <c>zstd:LEVEL</c>; nothing else.</summary>
    public static bool TryParse(string? text, out Compression compression)
    {
        (Codec codec, int level) = text switch
        {
            NoneText => (Codec.None, 0),
            Lz4Text => (Codec.Lz4, 0),
            ZstdText => (Codec.Zstd, FormatLimits.ZstdLevelMin),
            _ => (Codec.Zstd, ParseLevel(text)),
        };
        bool isValid = IsValid(codec, level);
        compression = isValid ? new Compression(codec, level) : default;
        return isValid;
    }

    /// <summary>As <see cref="TryParse"/> reads it; zstd always with its level.</summary>
    public override string ToString() => Codec switch
    {
        Codec.Lz4 => Lz4Text,
        Codec.Zstd => string.Create(CultureInfo.InvariantCulture, $"{ZstdText}:{Level}"),
        _ => NoneText,
    };

    private static int ParseLevel(ReadOnlySpan<char> text)
    {
        bool isLevel = text.StartsWith(ZstdText + ":", StringComparison.Ordinal);
        ReadOnlySpan<char> digits = isLevel ? text[(ZstdText.Length + 1)..] : [];
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int level) ? level : -1;
    }
}
