using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Index;

/// <summary>What every index takes and what it passes over.</summary>
internal static class IndexEntries
{
    /// <summary>False for the zero chunk, which is never stored, and for a record without length, which is none.
    /// </summary>
    public static bool IsIndexed(IndexEntry entry) => !entry.Id.IsZero && entry.LengthBytes != 0;

    /// <summary>False where the room left is for chunks alone: hooks are taken until half of all is used, as a chunk
    /// that is found saves more than its pages.</summary>
    public static bool HasRoomFor(IndexEntry entry, long entryCount, long entryCountMax) =>
        entryCount < entryCountMax / 2 || !HookKey.IsHook(entry.Id);

    /// <summary>What an index is told of a pack: its chunks, then hooks, which matter less if not all find room.
    /// </summary>
    /// <param name="entries">At least twice as long as the table.</param>
    /// <returns>How many there are.</returns>
    public static int Read(PackTable table, Span<IndexEntry> entries)
    {
        int count = table.Count;
        for (int position = 0; position < table.Count; position++)
        {
            PackEntry entry = table[position];
            entries[position] = new IndexEntry(new ChunkId(entry.Id), entry.OffsetBytes, entry.LengthBytes);
            if (entry.Hook != 0)
            {
                entries[count++] = new IndexEntry(HookKey.Of(entry.Hook), entry.OffsetBytes, entry.LengthBytes);
            }
        }

        return count;
    }

    /// <exception cref="ArgumentException">Not a chunk pack.</exception>
    public static void RequireChunkPack(PackName pack)
    {
        if (pack.Kind != PackKind.Chunks)
        {
            throw new ArgumentException($"'{pack}' holds no chunks.", nameof(pack));
        }
    }
}
