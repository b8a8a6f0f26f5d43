using Xunit;

namespace HyperVBackup.Blake3.Tests;

/// <summary>Each path in each mode against the reference program.</summary>
public sealed class B3SumTests(B3Sum b3sum) : IClassFixture<B3Sum>
{
    [Theory]
    [EveryPath]
    internal void Files_of_telling_and_random_lengths_are_hashed_as_b3sum_does(ModeKind kind, InstructionSet set)
    {
        Blake3Mode mode = TestData.Mode(kind, set);
        IReadOnlyDictionary<int, string> expected = kind switch
        {
            ModeKind.Plain => b3sum.Plain,
            ModeKind.Keyed => b3sum.Keyed,
            _ => b3sum.DeriveKey,
        };
        Assert.True(expected.Count > 250, $"only {expected.Count} lengths");
        foreach ((int length, string hash) in expected)
        {
            string ours = Convert.ToHexStringLower(TestData.Hash(mode, TestData.Prefix(length)));
            Assert.True(ours == hash, $"{kind}, {set}: wrong hash of {length} bytes (seed {b3sum.Seed})");
        }
    }
}
