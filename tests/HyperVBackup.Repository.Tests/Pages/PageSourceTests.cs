using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Repository.Pages;
using Xunit;

namespace HyperVBackup.Repository.Tests.Pages;

/// <summary>Pages are found in records of every chunk size alike.</summary>
public sealed class PageSourceTests
{
    [Theory]
    [InlineData(FormatLimits.PagesPerChunkMin)]
    [InlineData(32)]
    [InlineData(64)]
    [InlineData(FormatLimits.PagesPerChunkMax)]
    public void A_page_is_found_in_the_preferred_slot_else_in_the_first_that_holds_it(int pagesPerChunk)
    {
        Digest[] hashes = [.. Enumerable.Range(0, pagesPerChunk).Select(page => HashOf((page / 3) + 1))];
        hashes[^1] = default; // a page that the record does not hold
        PageSource source = new(HashOf(1), default, hashes);
        for (int page = 0; page < pagesPerChunk - 1; page++)
        {
            Assert.Equal(page, source.SlotOf(hashes[page], page));
            Assert.Equal(page / 3 * 3, source.SlotOf(hashes[page], pagesPerChunk - 1));
            Assert.Equal(hashes[page], source[page]);
            Assert.Equal(-1, source.SlotOf(HashOf(5000 + page), page));
        }
    }

    private static Digest HashOf(int page)
    {
        byte[] bytes = new byte[Digest.SizeBytes];
        BitConverter.TryWriteBytes(bytes, page);
        return new Digest(bytes);
    }
}
