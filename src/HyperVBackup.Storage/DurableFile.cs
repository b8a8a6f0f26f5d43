using System.Globalization;
using HyperVBackup.Storage.Files;
using HyperVBackup.Storage.Native;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Storage;

/// <summary>
/// A file outside a repository that appears under its name whole and durable, or not at all: it is written under a
/// temporary name in the same folder. Not thread-safe, but <see cref="Handle"/> may be used by several threads.
/// The static members are the durable operations themselves, with every error of the system noticed.
/// </summary>
public sealed class DurableFile : IDisposable
{
    private const int NameLengthMax = 40;
    private readonly string temporaryPath;
    private bool isRenamed;

    private DurableFile(string path, string temporaryPath, SafeFileHandle handle) =>
        (Path, this.temporaryPath, Handle) = (path, temporaryPath, handle);

    /// <summary>The full path that the file gets when it is published.</summary>
    public string Path { get; }

    /// <summary>The file, open for reading and writing until it is published or disposed.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Creates the temporary file beside <paramref name="path"/>, whose folder must exist.</summary>
    /// <exception cref="StoreException">The system refused.</exception>
    public static DurableFile Create(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string fullPath = System.IO.Path.GetFullPath(path);
        ArgumentException.ThrowIfNullOrEmpty(System.IO.Path.GetFileName(fullPath), nameof(path));
        string suffix = SystemRandomness.NewSuffix();
        string temporaryName = TemporaryName.Beside(ShortNameOf(fullPath), suffix);
        string temporaryPath = System.IO.Path.Join(FolderOf(fullPath), temporaryName);
        try
        {
            FileShare share = FileShare.ReadWrite | FileShare.Delete;
            SafeFileHandle file = File.OpenHandle(temporaryPath, FileMode.CreateNew, FileAccess.ReadWrite, share);
            return new DurableFile(fullPath, temporaryPath, file);
        }
        catch (Exception error) when (SystemError.IsFromSystem(error))
        {
            throw SystemError.ToException(error, "create", fullPath);
        }
    }

    /// <summary>Makes the folder of <paramref name="path"/>, and those above it that are missing, durably.</summary>
    /// <exception cref="StoreException">The system refused.</exception>
    public static void MakeFolderOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        List<string> missing = [];
        string? folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path));
        while (folder is not null && !Directory.Exists(folder))
        {
            missing.Add(folder);
            folder = System.IO.Path.GetDirectoryName(folder);
        }

        foreach (string made in Enumerable.Reverse(missing))
        {
            MakeFolder(made, path);
            FlushFolder(FolderOf(made));
        }
    }

    /// <summary>Removes the temporary files that processes left beside <paramref name="path"/> that were killed before
    /// they gave one this name. For who alone writes under it.</summary>
    /// <exception cref="StoreException">The system refused.</exception>
    public static void RemoveLeftovers(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string fullPath = System.IO.Path.GetFullPath(path);
        try
        {
            string pattern = TemporaryName.Beside(ShortNameOf(fullPath), "*");
            foreach (string left in Directory.EnumerateFiles(FolderOf(fullPath), pattern))
            {
                File.Delete(left);
            }
        }
        catch (Exception error) when (SystemError.IsFromSystem(error))
        {
            throw SystemError.ToException(error, "remove what was left beside", fullPath);
        }
    }

    /// <summary>Has the system begin to write what was written so far, where it can be told to, so that
    /// <see cref="Flush"/> has less to wait for. Promises nothing and never fails.</summary>
    public void BeginFlush() => BeginFlushHandle(Handle);

    /// <summary>Makes what was written so far survive a power loss.</summary>
    /// <exception cref="StoreException">The system refused; what was written may be lost.</exception>
    public void Flush() => FlushHandle(Handle, Path);

    /// <inheritdoc cref="BeginFlush"/>
    public static void BeginFlushHandle(SafeFileHandle file)
    {
        if (OperatingSystem.IsLinux())
        {
            Libc.BeginFlush(file);
        }
    }

    /// <summary>Has the system give back the memory in which it holds what of a file is on the disk already, where it
    /// can be told to. Promises nothing and never fails.</summary>
    public static void ForgetFlushed(SafeFileHandle file)
    {
        if (OperatingSystem.IsLinux())
        {
            Libc.ForgetFlushed(file);
        }
    }

    /// <summary>Flushes, closes, and gives the file its name unless that is taken, durably.</summary>
    /// <returns>False where the name was taken; the file is gone after <see cref="Dispose"/> then.</returns>
    /// <exception cref="StoreException">The system refused; the file is gone.</exception>
    public bool TryPublish()
    {
        Flush();
        Handle.Dispose();
        isRenamed = TryRename(temporaryPath, Path);
        try
        {
            FlushFolder(FolderOf(Path));
        }
        catch (StoreException) when (isRenamed)
        {
            Remove(Path); // a name that the next power loss may take away is not one to be told of
            throw;
        }

        return isRenamed;
    }

    /// <summary>Flushes, closes, and gives the file its name durably, in place of the file that had it.</summary>
    /// <exception cref="StoreException">The system refused; the old file is still there, or the new one is.</exception>
    public void PublishReplacing()
    {
        Flush();
        Handle.Dispose();
        RenameReplacing(temporaryPath, Path);
        isRenamed = true;
        FlushFolder(FolderOf(Path));
    }

    /// <summary>Closes, and gives the file its name in place of the file that had it, without waiting for the disk:
    /// after a power loss the name may have any content, which its readers must notice.</summary>
    /// <exception cref="StoreException">The system refused.</exception>
    public void Replace()
    {
        Handle.Dispose();
        RenameReplacing(temporaryPath, Path);
        isRenamed = true;
    }

    /// <summary>Closes; removes the temporary file unless it was published. Never throws, so that it hides no
    /// earlier error: what cannot be removed stays behind under its temporary name.</summary>
    public void Dispose()
    {
        Handle.Dispose();
        if (!isRenamed)
        {
            Remove(temporaryPath);
        }
    }

    /// <summary>Makes what was written to <paramref name="file"/> survive a power loss. (.NET's own calls take a
    /// failed flush for a good one on Linux.)</summary>
    /// <param name="path">For the message.</param>
    /// <exception cref="StoreException">The system refused; what was written may be lost even if a later flush
    /// succeeds.</exception>
    public static void FlushHandle(SafeFileHandle file, string path)
    {
        int error = OperatingSystem.IsWindows() ? Kernel32.Flush(file) : Libc.Flush(file);
        Require(error, "flush", path);
    }

    /// <summary>Makes the names in a folder, new, renamed and deleted, survive a power loss. On Windows, where names
    /// are journaled in order and the renames here wait for the disk, there is nothing to do.</summary>
    /// <exception cref="StoreException">The system refused.</exception>
    public static void FlushFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int error = Libc.OpenFolder(path, out SafeFileHandle folder);
        using (folder)
        {
            Require(error, "open the folder", path);
            Require(Libc.Flush(folder), "flush the folder", path);
        }
    }

    /// <summary>Renames a file within a file system unless the new name is taken; atomic, also among processes.
    /// Durable once <see cref="FlushFolder"/> was called for the folder.</summary>
    /// <returns>False where the new name is taken; nothing is changed then.</returns>
    /// <exception cref="StoreException">The system refused, or its file system can neither rename in this way nor
    /// link.</exception>
    public static bool TryRename(string fromPath, string toPath)
    {
        if (OperatingSystem.IsWindows())
        {
            int result = Kernel32.RenameNew(fromPath, toPath);
            bool isTaken = result is Kernel32.FileExists or Kernel32.AlreadyExists;
            return !isTaken && Require(result, "rename to", toPath);
        }

        int error = OperatingSystem.IsLinux() ? Libc.RenameNew(fromPath, toPath) : Libc.NotImplemented;
        if (error == Libc.Invalid || error == Libc.NotImplemented || error == Libc.NotSupported)
        {
            return TryLink(fromPath, toPath);
        }

        return error != Libc.Exists && Require(error, "rename to", toPath);
    }

    /// <summary>Renames a file within a file system, in place of the file that had the new name; atomic. Durable once
    /// <see cref="FlushFolder"/> was called for the folder.</summary>
    /// <exception cref="StoreException">The system refused.</exception>
    public static void RenameReplacing(string fromPath, string toPath)
    {
        int error = OperatingSystem.IsWindows()
            ? Kernel32.RenameReplacing(fromPath, toPath)
            : Libc.RenameReplacing(fromPath, toPath);
        Require(error, "rename to", toPath);
    }

    /// <summary>For file systems (NFS, some of FUSE) that rename only by replacing: a second name is never given in
    /// place of another file. Between the two calls the file has both names, which harms nobody.</summary>
    private static bool TryLink(string fromPath, string toPath)
    {
        int error = Libc.Link(fromPath, toPath);
        if (error == Libc.Exists)
        {
            return false;
        }

        Require(error, "publish (by a link, as this file system cannot rename without replacing)", toPath);
        return Require(Libc.Unlink(fromPath), "remove the temporary name", fromPath);
    }

    private static bool Require(int error, string attempt, string path) =>
        error == 0 ? true : throw SystemError.ToException(error, attempt, path);

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (SystemError.IsFromSystem(error))
        {
            return; // See Dispose.
        }
    }

    private static void MakeFolder(string folder, string path)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"The folder of '{path}' cannot be made: {failure.Message}", failure);
        }
    }

    private static string ShortNameOf(string fullPath)
    {
        string name = System.IO.Path.GetFileName(fullPath);
        return name[..Math.Min(name.Length, NameLengthMax)];
    }

    private static string FolderOf(string fullPath) => System.IO.Path.GetDirectoryName(fullPath)
        ?? throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"'{fullPath}' is no file."));
}
