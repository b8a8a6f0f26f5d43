namespace HyperVBackup.Blake3;

/// <summary>The sizes and tables of the BLAKE3 specification that all paths share.</summary>
internal static class Definition
{
    public const int DigestSizeBytes = 32;
    public const int BlockSizeBytes = 64;
    public const int ChunkSizeBytes = 1024;
    public const int KeyWordCount = 8;
    public const int WordsPerBlock = 16;
    public const int RoundCount = 7;

    // The first four words of the initial value stand in every block's state, so they are constants of their own.
    public const uint Initial0 = 0x6A09E667;
    public const uint Initial1 = 0xBB67AE85;
    public const uint Initial2 = 0x3C6EF372;
    public const uint Initial3 = 0xA54FF53A;

    /// <summary>The key of a plain hash.</summary>
    public static ReadOnlySpan<uint> InitialValue =>
    [
        Initial0, Initial1, Initial2, Initial3, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
    ];

    /// <summary>
    /// One row per round: which message word each of the sixteen places of the round takes. A row is the one before it,
    /// sent through the specification's permutation, so that the words themselves never move.
    /// </summary>
    public static ReadOnlySpan<byte> MessageSchedule =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8,
        3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1,
        10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6,
        12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4,
        9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7,
        11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13,
    ];
}
