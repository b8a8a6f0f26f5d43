using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// The index as a dictionary: the simple twin that the other one is tested against, and what is used where nothing
/// can be kept. It ends with the process; <see cref="SaveAsync"/> only makes covered sessions count.
/// </summary>
public sealed class MemoryChunkIndex : IChunkIndex
{
    /// <summary>What one entry takes, at most: key, value, hash and link, in a table that was just doubled.</summary>
    private const int EntryBytes = 192;

    private readonly Lock gate = new();
    private readonly Dictionary<ChunkId, (int Pack, uint OffsetBytes, uint LengthBytes)> entries = [];
    private readonly List<PackName> packs = [];
    private readonly HashSet<SessionId> noted = [];
    private readonly HashSet<SessionId> covered = [];
    private readonly long entryCountMax;
    private long notIndexedCount;

    /// <param name="memoryBudgetBytes">Positive; the index is full where it would take more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The budget is not positive.</exception>
    public MemoryChunkIndex(long memoryBudgetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(memoryBudgetBytes);
        entryCountMax = memoryBudgetBytes / EntryBytes;
    }

    /// <inheritdoc/>
    public long EntryCount
    {
        get
        {
            lock (gate)
            {
                return entries.Count;
            }
        }
    }

    /// <inheritdoc/>
    public long NotIndexedCount
    {
        get
        {
            lock (gate)
            {
                return notIndexedCount;
            }
        }
    }

    /// <inheritdoc/>
    public ChunkIndexState State
    {
        get
        {
            lock (gate)
            {
                return notIndexedCount > 0 ? ChunkIndexState.Full : ChunkIndexState.Working;
            }
        }
    }

    /// <inheritdoc/>
    public void Find(ReadOnlySpan<ChunkId> ids, Span<RecordPlace> places)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(places.Length, ids.Length);
        lock (gate)
        {
            for (int position = 0; position < ids.Length; position++)
            {
                places[position] = entries.TryGetValue(ids[position], out var found)
                    ? new RecordPlace(packs[found.Pack], found.OffsetBytes, found.LengthBytes)
                    : default;
            }
        }
    }

    /// <inheritdoc/>
    public void Add(PackName pack, ReadOnlySpan<IndexEntry> entries)
    {
        IndexEntries.RequireChunkPack(pack);
        lock (gate)
        {
            packs.Add(pack);
            foreach (IndexEntry entry in entries)
            {
                if (IndexEntries.IsIndexed(entry)
                    && IndexEntries.HasRoomFor(entry, this.entries.Count, entryCountMax))
                {
                    Add(entry);
                }
            }
        }
    }

    /// <inheritdoc/>
    public bool Covers(SessionId session)
    {
        lock (gate)
        {
            return covered.Contains(session);
        }
    }

    /// <inheritdoc/>
    public void Cover(SessionId session)
    {
        lock (gate)
        {
            if (notIndexedCount == 0)
            {
                noted.Add(session);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask SaveAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        lock (gate)
        {
            covered.UnionWith(noted);
            noted.Clear();
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Add(IndexEntry entry)
    {
        if (!entries.ContainsKey(entry.Id) && entries.Count >= entryCountMax)
        {
            notIndexedCount++;
            return;
        }

        entries[entry.Id] = (packs.Count - 1, entry.OffsetBytes, entry.LengthBytes);
    }
}
