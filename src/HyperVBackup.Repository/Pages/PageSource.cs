using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Pages;

/// <summary>A whole record that recipes may take pages from: it exists in a pack seen in this session (W4), and its
/// page hashes give its data id. Immutable and thread-safe.</summary>
internal sealed class PageSource(Digest dataId, RecordPlace place, Digest[] pageHashes)
{
    public Digest DataId => dataId;

    public RecordPlace Place => place;

    /// <summary>The slot that holds a page: the preferred one if it does.</summary>
    /// <returns>-1 where the record does not hold it.</returns>
    public int SlotOf(Digest pageHash, int preferredSlot) =>
        pageHashes[preferredSlot] == pageHash ? preferredSlot : Array.IndexOf(pageHashes, pageHash);

    /// <summary>The hash of the page in a slot.</summary>
    public Digest this[int slot] => pageHashes[slot];
}
