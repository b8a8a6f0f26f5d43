namespace HyperVBackup.Blake3.Tests;

/// <summary>What all tests share: the official test vectors' input pattern, keys, and the instruction sets.</summary>
internal static class TestData
{
    public const string Context = "HyperVBackup 2026 test context";
    public const int LongestBytes = (1 << 20) + 1;

    private static readonly byte[] pattern = MakePattern();

    public static ReadOnlySpan<byte> Key => "whats the Elvish word for friend"u8;

    public static byte[] Pattern(int lengthBytes) => pattern[..lengthBytes];

    public static ReadOnlySpan<byte> PatternSpan(int lengthBytes) => pattern.AsSpan(0, lengthBytes);

    public static Blake3Mode Mode(ModeKind kind) => kind switch
    {
        ModeKind.Plain => Blake3Mode.Plain,
        ModeKind.Keyed => Blake3Mode.Keyed(Key),
        ModeKind.DeriveKey => Blake3Mode.DeriveKey(Context),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public static byte[] Hash(Blake3Mode mode, ReadOnlySpan<byte> input)
    {
        byte[] output = new byte[Blake3Mode.DigestSizeBytes];
        mode.Hash(input, output);
        return output;
    }

    private static byte[] MakePattern()
    {
        byte[] bytes = new byte[LongestBytes];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(i % 251);
        }
        return bytes;
    }
}
