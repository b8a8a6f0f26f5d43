using System.Collections.Concurrent;
using Xunit;

namespace HyperVBackup.Blake3.Tests;

/// <summary>Each path in each mode against BouncyCastle.</summary>
public sealed class LengthTests
{
    private const int EveryLengthMax = 10_240;

    private static readonly int[] every = Enumerable.Range(0, EveryLengthMax + 1).ToArray();

    private static readonly int[] edges =
        TestData.AroundPowersOfTwo().Concat(TestData.AroundMultiples(1024, TestData.LengthMax))
            .Where(length => length > EveryLengthMax).Distinct().Order().ToArray();

    private static readonly int[] someEdges = edges.Where((_, i) => i % 7 == 0).ToArray();

    private static readonly ConcurrentDictionary<(ModeKind, int[]), Lazy<byte[][]>> expected = new();

    [Theory]
    [EveryPath]
    internal void Every_length_to_10_KiB_is_hashed_as_BouncyCastle_does(ModeKind kind, InstructionSet set) =>
        AssertAgree(kind, set, every);

    [Theory]
    [EveryPath]
    internal void Every_length_next_to_a_KiB_up_to_1_MiB_is_hashed_as_BouncyCastle_does(
        ModeKind kind, InstructionSet set)
    {
        // The tree is the same in all modes: plain takes every length, the others a part of them.
        AssertAgree(kind, set, kind == ModeKind.Plain ? edges : someEdges);
    }

    [Theory]
    [EveryPath]
    internal void Random_lengths_are_hashed_as_BouncyCastle_does(ModeKind kind, InstructionSet set)
    {
        int[] lengths = TestData.Random(50, TestData.NewSeed()).Order().ToArray();
        AssertAgree(kind, set, lengths);
    }

    private static void AssertAgree(ModeKind kind, InstructionSet set, int[] lengths)
    {
        Blake3Mode mode = TestData.Mode(kind, set);
        byte[][] hashes = expected.GetOrAdd(
            (kind, lengths), key => new Lazy<byte[][]>(() => BouncyCastle.HashPrefixes(key.Item1, key.Item2))).Value;
        byte[] hash = new byte[Blake3Mode.DigestSizeBytes];
        for (int i = 0; i < lengths.Length; i++)
        {
            mode.Hash(TestData.Prefix(lengths[i]), hash);
            Assert.True(hash.AsSpan().SequenceEqual(hashes[i]), $"{kind}, {set}: wrong hash of {lengths[i]} bytes");
        }
    }
}
