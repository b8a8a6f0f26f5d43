using HyperVBackup.Format;
using HyperVBackup.Storage;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>The part of the log that FASTER no longer looks after, and the table that finds its entries. A new table is
/// made from the old one and the newest entries; the file of the last save stays until another save names a newer one.
/// Not thread-safe.</summary>
internal sealed class SettledEntries : IDisposable
{
    private readonly IndexFiles files;
    private readonly SafeFileHandle log;
    private readonly ulong salt;
    private readonly long memoryBytesMax;
    private readonly Action noteStep;
    private SettledTable? table;
    private long savedNumber;
    private long lastNumber;

    /// <param name="log">The file of the log, which stays its owner's.</param>
    /// <param name="endBytes">Where the settled part of the log ends.</param>
    /// <param name="noteStep">Told that it gets on with what may take long.</param>
    /// <exception cref="CorruptDataException">The table is not what <paramref name="mark"/> says.</exception>
    /// <exception cref="IOException">The table cannot be read.</exception>
    public SettledEntries(
        IndexFiles files, SafeFileHandle log, TableMark mark, long endBytes, ulong salt, long memoryBytesMax,
        Action noteStep)
    {
        (this.files, this.log, this.salt, this.memoryBytesMax) = (files, log, salt, memoryBytesMax);
        this.noteStep = noteStep;
        (EndBytes, savedNumber, lastNumber) = (endBytes, mark.Number, mark.Number);
        table = mark.IsNone ? null : OpenTable(mark, FileAccess.Read);
    }

    public long Count => Mark.EntryCount;

    public long EndBytes { get; private set; }

    public TableMark Mark => table?.Mark ?? TableMark.None;

    /// <summary>Fetches what a look-up will need into the processor's cache.</summary>
    public void Prefetch(in IndexKey key) => table?.Prefetch(in key);

    /// <returns><c>default</c> where nothing is known.</returns>
    /// <exception cref="CorruptDataException">Table or log are not whole.</exception>
    public StoredPlace Find(in IndexKey key)
    {
        ReadOnlySpan<ulong> words = table is null ? [] : table.Find(in key);
        for (int position = words.Length - 1; position >= 0; position--)
        {
            LogEntry entry = LogEntry.ReadSlot(log, SettledKey.SlotIn(words[position]), salt);
            bool isOfGroup = SettledKey.Word(entry.Key.First, 0) == SettledKey.Word(key.First, 0)
                && SettledKey.RegionOf(entry.Key.First) == SettledKey.RegionOf(key.First);
            Corrupt.Unless(isOfGroup, "index table: entry");
            if (entry.Key == key)
            {
                return entry.Place;
            }
        }

        return default;
    }

    /// <summary>Settles the log's entries before <paramref name="endBytes"/>, all of which are in the file.</summary>
    /// <exception cref="CorruptDataException">Table or log are not whole.</exception>
    /// <exception cref="IOException">The system refused.</exception>
    public void Take(long endBytes)
    {
        long number = NextNumber();
        using RegionWords tail = LogTail.Read(log, EndBytes, endBytes, salt);
        SafeFileHandle output = OpenFile(number, FileMode.CreateNew, FileAccess.ReadWrite);
        TableMark mark;
        try
        {
            mark = new SettledMerge(log, salt, noteStep).Run(table, tail, output, number);
        }
        finally
        {
            output.Dispose();
        }

        Dispose();
        table = OpenTable(mark, FileAccess.ReadWrite);
        if (lastNumber != savedNumber)
        {
            files.DeleteTable(lastNumber);
        }

        (lastNumber, EndBytes) = (number, endBytes);
    }

    /// <summary>Makes the table durable, before a manifest names it.</summary>
    /// <exception cref="StoreException">The system refused.</exception>
    public void Flush()
    {
        if (table is not null && lastNumber != savedNumber)
        {
            DurableFile.FlushHandle(table.File, files.TablePathOf(lastNumber));
        }
    }

    /// <summary>A manifest names the table from now on: the one before is of no use any more.</summary>
    /// <exception cref="IOException">It cannot be removed.</exception>
    public void NoteSaved()
    {
        if (lastNumber != savedNumber && savedNumber != 0)
        {
            files.DeleteTable(savedNumber);
        }

        savedNumber = lastNumber;
    }

    public void Dispose()
    {
        table?.Dispose();
        table = null;
    }

    /// <summary>Never one that is taken: another process may read that file.</summary>
    private long NextNumber()
    {
        long number = lastNumber + 1;
        while (Path.Exists(files.TablePathOf(number)))
        {
            number++;
        }

        return number;
    }

    private SettledTable OpenTable(TableMark mark, FileAccess access)
    {
        SafeFileHandle file = OpenFile(mark.Number, FileMode.Open, access);
        try
        {
            return SettledTable.Open(file, mark, memoryBytesMax);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private SafeFileHandle OpenFile(long number, FileMode mode, FileAccess access) =>
        File.OpenHandle(files.TablePathOf(number), mode, access, FileShare.ReadWrite | FileShare.Delete);
}
