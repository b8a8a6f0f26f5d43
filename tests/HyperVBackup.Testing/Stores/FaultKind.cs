namespace HyperVBackup.Testing.Stores;

/// <summary>What <see cref="FaultyFiles"/> does instead of what it was asked.</summary>
public enum FaultKind
{
    /// <summary>Nothing new finds room (ENOSPC).</summary>
    Full,

    /// <summary>Any call fails (EIO).</summary>
    InputOutput,

    /// <summary>A read gives fewer bytes than were asked for and are there: no error.</summary>
    ShortRead,

    /// <summary>A read says that the file ends there.</summary>
    EarlyEnd,

    /// <summary>A write puts half of its bytes and then finds no room.</summary>
    ShortWrite,

    /// <summary>A flush of a file or a folder fails (EIO).</summary>
    FailedFlush,

    /// <summary>Nothing can be changed (EROFS).</summary>
    ReadOnly,

    /// <summary>There is nothing any more, not even the repository's folder (ENOENT).</summary>
    Vanished,

    /// <summary>The server has forgotten what was opened or named (ESTALE).</summary>
    Stale,

    /// <summary>Any call that names a file is refused (EACCES).</summary>
    Denied,
}
