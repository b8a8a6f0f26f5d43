namespace HyperVBackup.Hosts.Configurations;

/// <summary>A host's plain files, beside its disks. One thread at a time.</summary>
public interface IHostFiles
{
    /// <summary>The full paths of the files of a folder that have a file's name, whatever their extension, case
    /// ignored, in the order of their names; none where there is no such folder.</summary>
    /// <exception cref="HostException">The host cannot be asked.</exception>
    IReadOnlyList<string> FilesLike(string path);

    /// <exception cref="HostException">It is not there, or cannot be asked for.</exception>
    long LengthOf(string path);

    /// <summary>Opens a file to be read from its start, also one that others write.</summary>
    /// <exception cref="HostException">It cannot be opened.</exception>
    Stream Open(string path);

    /// <summary>Whether a folder is missing or holds nothing.</summary>
    /// <exception cref="HostException">It cannot be asked for, or a file has its name.</exception>
    bool IsEmptyFolder(string path);

    /// <summary>Takes a file away; one that is gone is fine.</summary>
    /// <exception cref="HostException">It cannot be taken away.</exception>
    void Delete(string path);

    /// <summary>Takes what killed processes left of a file that they had not finished.</summary>
    /// <exception cref="HostException">It cannot be taken away.</exception>
    void DeleteUnfinished(string path);

    /// <summary>Takes a folder away if it is empty; one that is gone or holds anything is fine.</summary>
    /// <exception cref="HostException">It cannot be taken away.</exception>
    void DeleteFolder(string path);
}
