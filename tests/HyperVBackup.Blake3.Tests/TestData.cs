using System.Security.Cryptography;
using Xunit;

namespace HyperVBackup.Blake3.Tests;

/// <summary>
/// What all tests share: the input pattern of the official test vectors, the modes, and the lengths worth trying.
/// </summary>
internal static class TestData
{
    public const string Context = "HyperVBackup 2026 test context";
    public const int LengthMax = 1 << 20;

    private static readonly byte[] pattern = MakePattern(LengthMax + 1);

    public static ReadOnlySpan<byte> Key => "whats the Elvish word for friend"u8;

    public static ReadOnlySpan<byte> Pattern(int startBytes, int lengthBytes) =>
        pattern.AsSpan(startBytes, lengthBytes);

    public static ReadOnlySpan<byte> Prefix(int lengthBytes) => pattern.AsSpan(0, lengthBytes);

    /// <summary>The mode on one path; a path this machine lacks skips the test, with that reason.</summary>
    public static Blake3Mode Mode(ModeKind kind, InstructionSet set)
    {
        Assert.SkipUnless(InstructionSupport.IsSupported(set), $"this machine has no {set}: that path was not tested");
        Blake3Mode mode = kind switch
        {
            ModeKind.Plain => Blake3Mode.Plain,
            ModeKind.Keyed => Blake3Mode.Keyed(Key),
            _ => Blake3Mode.DeriveKey(Context),
        };
        return mode.With(set);
    }

    public static byte[] Hash(Blake3Mode mode, ReadOnlySpan<byte> input)
    {
        byte[] output = new byte[Blake3Mode.DigestSizeBytes];
        mode.Hash(input, output);
        return output;
    }

    /// <summary>The multiples of a step up to <see cref="LengthMax"/> and their neighbours.</summary>
    public static IEnumerable<int> AroundMultiples(int stepBytes, int maxBytes) =>
        Enumerable.Range(1, maxBytes / stepBytes).SelectMany(count => Around(count * stepBytes));

    public static IEnumerable<int> AroundPowersOfTwo() =>
        Enumerable.Range(0, 21).SelectMany(exponent => Around(1 << exponent));

    public static IEnumerable<int> Random(int count, int seed)
    {
        Random random = new(seed);
        return Enumerable.Range(0, count).Select(_ => random.Next(LengthMax + 1)).ToArray();
    }

    /// <summary>A seed that differs from run to run, written to the test's output.</summary>
    public static int NewSeed()
    {
        int seed = RandomNumberGenerator.GetInt32(int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        return seed;
    }

    private static int[] Around(int length) => [length - 1, length, length + 1];

    private static byte[] MakePattern(int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(i % 251);
        }
        return bytes;
    }
}
