using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// Makes an index anew of very many entries, past FASTER, whose inserts would take most of the time: writes its log
/// itself, page after page, sorts all of it into one settled table, and leaves FASTER a log that begins where this one
/// ends. Memory beside a page: 8 bytes an entry while they are sorted, as many as the table may take later. Nothing
/// counts until <see cref="Finish"/>. Thread-safe, one call at a time.
/// </summary>
internal sealed class IndexLoad : IDisposable
{
    private const int FirstTable = 1;
    private static readonly int EntriesAtOnce = IndexSizes.PageBytes / LogEntry.SizeBytes;
    private readonly Lock gate = new();
    private readonly IndexFiles files;
    private readonly RepositoryId repository;
    private readonly long entryCountMax;
    private readonly ulong salt;
    private readonly SafeFileHandle log;
    private readonly List<PackName> packs = [];
    private readonly HashSet<SessionId> covered = [];
    private readonly LogEntry[] page = new LogEntry[EntriesAtOnce];
    private long writtenCount;
    private int pageCount;
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

    public long EntryCount => writtenCount + pageCount;

    /// <inheritdoc cref="IChunkIndex.Add"/>
    /// <exception cref="IOException">The system refused.</exception>
    public void Add(PackName pack, ReadOnlySpan<IndexEntry> entries)
    {
        IndexEntries.RequireChunkPack(pack);
        lock (gate)
        {
            uint ordinal = (uint)packs.Count;
            packs.Add(pack);
            foreach (ref readonly IndexEntry entry in entries)
            {
                if (IndexEntries.IsIndexed(entry) && IndexEntries.HasRoomFor(entry, EntryCount, entryCountMax))
                {
                    Add(entry, ordinal);
                }
            }
        }
    }

    /// <summary>Covers the sessions, if all entries found room, and saves.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    /// <exception cref="StoreException">The system refused.</exception>
    /// <exception cref="CorruptDataException">What was written reads back as something else.</exception>
    public void Finish(IEnumerable<SessionId> sessions)
    {
        covered.UnionWith(notIndexedCount == 0 ? sessions : []);
        (LogMark mark, TableMark table) = (LogMark.None, TableMark.None);
        if (EntryCount > 0)
        {
            long endBytes = EndOf(EntryCount);
            FillPage();
            table = Settle(endBytes);
            mark = IndexStore.MarkAt(EndOf(writtenCount));
        }

        DurableFile.FlushHandle(log, files.LogPath);
        new IndexManifest(
            repository, mark, mark.EndBytes, table, notIndexedCount, [], packs, covered).Publish(files.ManifestPath);
    }

    public void Dispose() => log.Dispose();

    private static long EndOf(long count) => LogEntry.AddressOf(count - 1) + LogEntry.SizeBytes;

    private void Add(in IndexEntry entry, uint ordinal)
    {
        if (EntryCount >= entryCountMax)
        {
            notIndexedCount++;
            return;
        }

        page[pageCount++] = new LogEntry(entry, ordinal, salt);
        if (pageCount == LogEntry.CountInPageOf(writtenCount))
        {
            WritePage();
        }
    }

    private void WritePage()
    {
        LogEntry.Write(log, LogEntry.AddressOf(writtenCount), page.AsSpan(0, pageCount));
        writtenCount += pageCount;
        pageCount = 0;
    }

    /// <summary>Repeats the last entry to the end of its page. FASTER goes on with a page of its own then: of one that
    /// it did not begin it does not write what it adds.</summary>
    private void FillPage()
    {
        int count = LogEntry.CountInPageOf(writtenCount);
        if (pageCount > 0)
        {
            page.AsSpan(pageCount..count).Fill(page[pageCount - 1]);
            pageCount = count;
            WritePage();
        }
    }

    private TableMark Settle(long endBytes)
    {
        string path = files.TablePathOf(FirstTable);
        using LogTail tail = new(log, LogMark.FirstEntryBytes, endBytes, salt);
        using SafeFileHandle output = File.OpenHandle(
            path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        TableMark mark = new SettledMerge(log, salt).Run(old: null, tail, output, FirstTable);
        DurableFile.FlushHandle(output, path);
        return mark;
    }
}
