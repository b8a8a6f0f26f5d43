namespace HyperVBackup.Repository.Index;

/// <summary>
/// The words of new entries by their region, on their way into a settled table. They are held in blocks of 31, each
/// with a link to the block before it of the same region: so however many there are, each is written once, next to
/// the one before, and none is ever moved. Memory: 8.3 bytes a word, and about half a block for each region.
/// One at a time adds; once nobody does any more, any number may read.
/// </summary>
internal sealed class RegionWords : IDisposable
{
    private const int BlockWords = 32;
    private const int EntriesInBlock = BlockWords - 1; // the last word is the link
    private const int BlocksInSlab = 4096;
    private readonly List<NativeWords> slabs = [];
    private readonly int[] counts = new int[SettledKey.RegionCount];
    private readonly int[] newest = new int[SettledKey.RegionCount]; // blocks, valid where anything is counted
    private int blockCount;

    public long Count { get; private set; }

    public int CountOf(int region) => counts[region];

    /// <param name="first">Of the entry's key.</param>
    /// <param name="slot">The entry's place in the log.</param>
    public void Add(ulong first, uint slot)
    {
        int region = SettledKey.RegionOf(first);
        int place = counts[region]++ % EntriesInBlock;
        if (place == 0)
        {
            newest[region] = AddBlock(before: newest[region]);
        }

        BlockAt(newest[region])[place] = SettledKey.Word(first, slot);
        Count++;
    }

    /// <summary>Copies the words of a region, in no order.</summary>
    /// <param name="words">As long as they are many.</param>
    public void CopyTo(int region, Span<ulong> words)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(words.Length, counts[region]);
        int block = newest[region];
        for (int end = words.Length; end > 0; end -= ((end - 1) % EntriesInBlock) + 1)
        {
            int start = (end - 1) / EntriesInBlock * EntriesInBlock;
            ReadOnlySpan<ulong> from = BlockAt(block);
            from[..(end - start)].CopyTo(words[start..]);
            block = (int)from[EntriesInBlock];
        }
    }

    public void Dispose() => slabs.ForEach(slab => slab.Dispose());

    private int AddBlock(int before)
    {
        if (blockCount == slabs.Count * BlocksInSlab)
        {
            slabs.Add(new NativeWords(BlocksInSlab * BlockWords));
        }

        BlockAt(blockCount)[EntriesInBlock] = (ulong)before;
        return blockCount++;
    }

    private Span<ulong> BlockAt(int block) =>
        slabs[block / BlocksInSlab].Slice((long)(block % BlocksInSlab) * BlockWords, BlockWords);
}
