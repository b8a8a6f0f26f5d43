using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Pages;

/// <summary>A whole record that recipes may take pages from: it exists in a pack seen in this session (W4), and its
/// page hashes give its data id. Immutable and thread-safe.</summary>
internal sealed class PageSource
{
    /// <summary>Of so many pages any is found as fast by looking at all. Of the 1024 that a chunk may have, asked for
    /// one by one, that would be a million looks for each source.</summary>
    public const int LookedThroughCountMax = 32;

    private readonly PackPages? footer;
    private readonly int footerEntry;
    private readonly Digest[] pageHashes = [];
    private readonly Dictionary<Digest, int>? firstSlots;

    /// <param name="pageHashes">One for each page of a chunk; zero for those that the record does not hold.</param>
    public PageSource(Digest dataId, RecordPlace place, Digest[] pageHashes)
    {
        (DataId, Place, this.pageHashes) = (dataId, place, pageHashes);
        if (pageHashes.Length > LookedThroughCountMax)
        {
            firstSlots = new Dictionary<Digest, int>(pageHashes.Length);
            for (int slot = 0; slot < pageHashes.Length; slot++)
            {
                firstSlots.TryAdd(pageHashes[slot], slot);
            }
        }
    }

    /// <summary>A record whose hashes stay in its pack's footer: a chunk asks dozens of records, each for a page or
    /// two.</summary>
    /// <param name="footer">Of chunks of at most <see cref="LookedThroughCountMax"/> pages.</param>
    /// <param name="entry">The record's number in the pack's table.</param>
    public PageSource(Digest dataId, RecordPlace place, PackPages footer, int entry)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(footer.PagesPerChunk, LookedThroughCountMax);
        (DataId, Place, this.footer, footerEntry) = (dataId, place, footer, entry);
    }

    public Digest DataId { get; }

    public RecordPlace Place { get; }

    /// <summary>The slot that holds a page: the preferred one if it does, else the first.</summary>
    /// <param name="pageHash">Not zero.</param>
    /// <returns>-1 where the record does not hold it.</returns>
    public int SlotOf(Digest pageHash, int preferredSlot)
    {
        if (this[preferredSlot] == pageHash)
        {
            return preferredSlot;
        }

        if (footer is not null)
        {
            return footer.PageOf(footerEntry, pageHash);
        }

        return firstSlots is null ? Array.IndexOf(pageHashes, pageHash) : firstSlots.GetValueOrDefault(pageHash, -1);
    }

    /// <summary>The hash of the page in a slot.</summary>
    public Digest this[int slot] => footer is null ? pageHashes[slot] : footer.HashAt(footerEntry, slot);
}
