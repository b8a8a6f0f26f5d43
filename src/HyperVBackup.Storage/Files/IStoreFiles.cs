namespace HyperVBackup.Storage.Files;

/// <summary>
/// The few operations on files and folders that <see cref="FolderStore"/> is made of, so that its own logic can run
/// over a recorded file system too. Paths are absolute. All members are thread-safe and throw
/// <see cref="StoreException"/> where the system refuses.
/// </summary>
public interface IStoreFiles
{
    /// <summary>A few characters [0-9a-f], different at every call, in every process and on every host.</summary>
    string NewSuffix();

    /// <summary>Creates a file that must not be there yet, open for writing.</summary>
    IStoreFile CreateNew(string path);

    /// <returns>The file, open for reading; null where there is none.</returns>
    IStoreFile? TryOpenRead(string path);

    /// <returns>The file, which must be there already, open for writing over what it holds; null where there is
    /// none.</returns>
    IStoreFile? TryOpenWrite(string path);

    /// <returns>The file's length in bytes as it is now; null where there is no such file.</returns>
    long? TryGetLength(string path);

    /// <summary>When the file system says that the file was last written.</summary>
    DateTimeOffset TimeOf(string path);

    /// <summary>Renames, also into another folder of the same file system, unless the new name is taken; atomic among
    /// all processes and hosts.</summary>
    /// <returns>False where the new name is taken; nothing is changed then.</returns>
    bool TryRename(string fromPath, string toPath);

    /// <summary>Deletes a file; one that is not there is no error.</summary>
    void Delete(string path);

    bool FolderExists(string path);

    /// <returns>What kind of network mount a folder lies on, whose hosts may see each other's names late; null where
    /// all see them at once.</returns>
    string? NetworkMountOf(string folder);

    /// <summary>Makes a folder whose parent exists; one that is there already is no error.</summary>
    void MakeFolder(string path);

    /// <summary>Makes the folder's names, new, renamed and deleted, survive a power loss.</summary>
    void FlushFolder(string path);

    /// <returns>All that the folder holds, hidden files too, in no order; nothing where there is no such
    /// folder.</returns>
    IReadOnlyList<StoreEntry> List(string folder);
}
