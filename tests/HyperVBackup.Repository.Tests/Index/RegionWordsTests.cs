using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

public sealed class RegionWordsTests
{
    /// <summary>From no word to several blocks of them in one region, among others that get theirs in between.
    /// </summary>
    [Fact]
    public void Each_region_gives_back_its_words_and_no_other()
    {
        const int RegionCount = 130;
        using RegionWords words = new();
        for (uint slot = 0; slot < RegionCount; slot++)
        {
            for (int region = (int)slot + 1; region < RegionCount; region++)
            {
                words.Add(FirstIn(region), slot);
            }
        }

        Assert.Equal(RegionCount * (RegionCount - 1) / 2, words.Count);
        for (int region = 0; region < RegionCount; region++)
        {
            Assert.Equal(region, words.CountOf(region));
            ulong[] found = new ulong[region];
            words.CopyTo(region, found);
            Assert.Equal(
                Enumerable.Range(0, region).Select(slot => SettledKey.Word(FirstIn(region), (uint)slot)),
                found.Order());
        }
    }

    private static ulong FirstIn(int region) => (ulong)region << (64 - SettledKey.RegionBits);
}
