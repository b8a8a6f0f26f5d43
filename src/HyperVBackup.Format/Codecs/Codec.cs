using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format.Codecs;

/// <summary>How a record's body is compressed, as in repo-format/record.md.</summary>
[SuppressMessage("Design", "CA1028", Justification = "The width stored.")]
public enum Codec : byte
{
    None = 0,

    /// <summary>One LZ4 block, no frame around it.</summary>
    Lz4 = 1,

    /// <summary>One Zstandard frame.</summary>
    Zstd = 2,
}
