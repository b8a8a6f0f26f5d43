using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// Makes an index anew of very many entries, past FASTER, whose inserts would take most of the time: writes its log
/// itself, sorts all of it into one settled table, and leaves FASTER a log that begins where this one ends. Memory: 8.3
/// bytes an entry while they are sorted, hardly more than the table may take later. Nothing counts until
/// <see cref="Finish"/>. Thread-safe: several packs may be added at once, each of which gets a piece of the log of its
/// own and writes it beside the others.
/// </summary>
internal sealed class IndexLoad : IDisposable
{
    private const int FirstTable = 1;
    private readonly Lock gate = new();
    private readonly Lock wordsGate = new();
    private readonly IndexFiles files;
    private readonly RepositoryId repository;
    private readonly long entryCountMax;
    private readonly ulong salt;
    private readonly SafeFileHandle log;
    private readonly RegionWords words = new();
    private readonly List<PackName> packs = [];
    private readonly HashSet<SessionId> covered = [];
    private long entryCount;
    private long notIndexedCount;

    /// <param name="files">Owned by this process; not disposed.</param>
    /// <exception cref="IOException">The folder cannot be used.</exception>
    public IndexLoad(IndexFiles files, RepositoryId repository, IndexSizes sizes)
    {
        (this.files, this.repository, entryCountMax) = (files, repository, sizes.EntryCountMax);
        salt = IndexProbe.SaltOf(repository);
        files.Clear();
        log = File.OpenHandle(
            files.LogPath, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
    }

    public long EntryCount => Interlocked.Read(ref entryCount);

    /// <inheritdoc cref="IChunkIndex.NotIndexedCount"/>
    public long NotIndexedCount => Interlocked.Read(ref notIndexedCount);

    /// <summary>True where it takes nothing more.</summary>
    public bool IsFull => EntryCount >= entryCountMax;

    /// <inheritdoc cref="IChunkIndex.Add"/>
    /// <exception cref="IOException">The system refused.</exception>
    public void Add(PackName pack, ReadOnlySpan<IndexEntry> entries)
    {
        IndexEntries.RequireChunkPack(pack);
        IndexEntry[] taken = ArrayPool<IndexEntry>.Shared.Rent(entries.Length);
        LogEntry[] written = ArrayPool<LogEntry>.Shared.Rent(entries.Length);
        (uint ordinal, long first, int count) = Take(pack, entries, taken);
        for (int position = 0; position < count; position++)
        {
            written[position] = new LogEntry(in taken[position], ordinal, salt);
        }

        Write(written.AsSpan(0, count), first);
        Remember(written.AsSpan(0, count), first);
        ArrayPool<LogEntry>.Shared.Return(written);
        ArrayPool<IndexEntry>.Shared.Return(taken);
    }

    /// <summary>Covers the sessions, if all entries found room, and saves.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    /// <exception cref="StoreException">The system refused.</exception>
    /// <exception cref="CorruptDataException">What was written reads back as something else.</exception>
    public void Finish(IEnumerable<SessionId> sessions)
    {
        covered.UnionWith(notIndexedCount == 0 ? sessions : []);
        (LogMark mark, TableMark table) = (LogMark.None, TableMark.None);
        if (entryCount > 0)
        {
            DurableFile.BeginFlushHandle(log);
            table = Settle();
            mark = IndexStore.MarkAt(LogEntry.AddressOf(entryCount - 1) + LogEntry.SizeBytes);
        }

        DurableFile.FlushHandle(log, files.LogPath);
        new IndexManifest(
            repository, mark, mark.EndBytes, table, notIndexedCount, [], packs, covered).Publish(files.ManifestPath);
    }

    public void Dispose()
    {
        log.Dispose();
        words.Dispose();
    }

    /// <summary>Copies the entries that find room, and gives them their place in the log.</summary>
    private (uint Ordinal, long First, int Count) Take(
        PackName pack, ReadOnlySpan<IndexEntry> entries, Span<IndexEntry> taken)
    {
        int count = 0;
        lock (gate)
        {
            packs.Add(pack);
            foreach (ref readonly IndexEntry entry in entries)
            {
                if (!IndexEntries.IsIndexed(entry)
                    || !IndexEntries.HasRoomFor(entry, entryCount + count, entryCountMax))
                {
                    continue;
                }

                if (entryCount + count < entryCountMax)
                {
                    taken[count++] = entry;
                }
                else
                {
                    notIndexedCount++;
                }
            }

            long first = entryCount;
            Interlocked.Exchange(ref entryCount, first + count);
            return ((uint)packs.Count - 1, first, count);
        }
    }

    /// <summary>Writes entries from the one on before which <paramref name="first"/> lie. They may go on in the next
    /// page.</summary>
    private void Write(ReadOnlySpan<LogEntry> entries, long first)
    {
        while (!entries.IsEmpty)
        {
            int count = (int)Math.Min(entries.Length, LogEntry.CountToPageEnd(first));
            LogEntry.Write(log, LogEntry.AddressOf(first), entries[..count]);
            entries = entries[count..];
            first += count;
        }
    }

    private void Remember(ReadOnlySpan<LogEntry> entries, long first)
    {
        lock (wordsGate)
        {
            for (int position = 0; position < entries.Length; position++)
            {
                words.Add(entries[position].Key.First, LogEntry.SlotOf(LogEntry.AddressOf(first + position)));
            }
        }
    }

    private TableMark Settle()
    {
        string path = files.TablePathOf(FirstTable);
        using SafeFileHandle output = File.OpenHandle(
            path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        TableMark mark = new SettledMerge(log, salt, noteStep: () => { }).Run(old: null, words, output, FirstTable);
        DurableFile.FlushHandle(output, path);
        return mark;
    }
}
