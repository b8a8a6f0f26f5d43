using HyperVBackup.Format;
using HyperVBackup.Storage;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>
/// Where a host keeps its last marking: a manifest, and tables that no other manifest names. New tables come first,
/// then the manifest takes the old one's place at once, then the old tables go; so a collector killed anywhere leaves
/// one marking that is whole. Nothing waits for the disk: what a power loss takes away is noticed by its checksums. One
/// collector has it at a time, by the <see cref="FactsFile"/>, and one thread.
/// </summary>
/// <param name="path">Null where nothing is kept: then tables are gone after use.</param>
/// <param name="randomness">For names that are never used again.</param>
/// <param name="write">For tests; the system's own where it is not given.</param>
internal sealed class MarksFolder(
    string? path, RepositoryId repository, ScratchFolder scratch, RandomFill randomness, TableWrite? write = null)
{
    private const string ManifestName = "marks";
    private const string TablePrefix = "marks-";

    private string ManifestPath => Path.Join(path, ManifestName);

    /// <summary>One in which nothing is kept.</summary>
    public MarksFolder Apart() => new(null, repository, scratch, randomness);

    /// <exception cref="IOException">There is no room, or no right to.</exception>
    public MarkTableWriter NewTable()
    {
        Span<byte> random = stackalloc byte[Digest.SizeBytes];
        randomness(random);
        Digest id = new(random);
        return path is null
            ? new MarkTableWriter(scratch.Create(), id)
            : new MarkTableWriter(Open(id, FileMode.CreateNew), id, PathOf(id), write);
    }

    /// <returns>What was saved last; null where there is nothing of use.</returns>
    /// <remarks>Sweeps.</remarks>
    public NeededIds? TryLoad()
    {
        NeededIds? loaded = null;
        try
        {
            loaded = path is not null && File.Exists(ManifestPath)
                ? MarksManifest.TryRead(
                    ReplaceableFile.Read(ManifestPath, Array.MaxLength), repository, OpenTable)
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Nothing of use, then.
        }

        Sweep(loaded);
        return loaded;
    }

    /// <summary>Removes all that is neither the manifest nor of these: what those left that were killed, or had no
    /// room.</summary>
    /// <param name="kept">Saved last or loaded; null for nothing.</param>
    public void Sweep(NeededIds? kept)
    {
        try
        {
            if (Directory.Exists(path))
            {
                DurableFile.RemoveLeftovers(ManifestPath);
                SweepTables(kept is null ? [] : [.. TablesOf(kept).Select(table => NameOf(table.Id))]);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or StoreException)
        {
            return; // What stays is swept another time.
        }
    }

    /// <summary>Keeps this, made here, in place of what was kept. Where that fails, nothing may be kept.</summary>
    public void Save(NeededIds needed)
    {
        if (path is null)
        {
            return;
        }

        try
        {
            using (DurableFile file = DurableFile.Create(ManifestPath))
            {
                RandomAccess.Write(file.Handle, MarksManifest.Write(repository, needed), 0);
                file.Replace();
            }

        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or StoreException)
        {
            return; // see the summary
        }

        Sweep(needed);
    }

    /// <summary>Keeps nothing.</summary>
    public void Clear()
    {
        if (path is not null)
        {
            Delete(ManifestPath);
            Sweep(null);
        }
    }

    private static IEnumerable<MarkTable> TablesOf(NeededIds needed) =>
        [needed.ChunkMarks.Large, needed.ChunkMarks.Changes, needed.MapMarks.Large, needed.MapMarks.Changes];

    private static string NameOf(Digest table) => $"{TablePrefix}{table}";

    private string PathOf(Digest table) => Path.Join(path, NameOf(table));

    private MarkTable OpenTable(Digest id, long count)
    {
        if (count == 0)
        {
            return MarkTable.Empty();
        }

        SafeFileHandle file = Open(id, FileMode.Open);
        if (RandomAccess.GetLength(file) == MarkTable.LengthOf(count))
        {
            return new MarkTable(file, id, count);
        }

        file.Dispose();
        throw new EndOfStreamException($"The kept marks {id} are not as long as they were.");
    }

    /// <summary>Deleted while it is open, as an old table may be, it is gone once it is closed.</summary>
    private SafeFileHandle Open(Digest id, FileMode mode) => File.OpenHandle(
        PathOf(id), mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    private void SweepTables(HashSet<string> kept)
    {
        foreach (string table in Directory.EnumerateFiles(path!, TablePrefix + "*"))
        {
            if (!kept.Contains(Path.GetFileName(table)))
            {
                Delete(table);
            }
        }
    }

    /// <summary>What stays is swept another time.</summary>
    private static void Delete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return; // see the summary
        }
    }
}
