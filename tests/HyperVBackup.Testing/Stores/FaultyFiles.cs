using HyperVBackup.Storage;
using HyperVBackup.Storage.Files;

namespace HyperVBackup.Testing.Stores;

/// <summary>Files of which one call fails, or all from one on, as the operating system's would. Calls are counted from
/// 1, and only those that can fail in this way. Thread-safe.</summary>
/// <param name="at">The first call that fails; 0 for none.</param>
/// <param name="isLasting">Whether all after it fail too.</param>
public sealed class FaultyFiles(IStoreFiles files, FaultKind kind, int at, bool isLasting) : IStoreFiles
{
    private int callCount;
    private int faultCount;

    /// <summary>The calls so far that can fail in this way.</summary>
    public int CallCount => Volatile.Read(ref callCount);

    /// <summary>Those that did.</summary>
    public int FaultCount => Volatile.Read(ref faultCount);

    private FaultKind Kind => kind;

    private bool IsAny => kind is FaultKind.InputOutput or FaultKind.Stale;

    private bool IsOfNames => IsAny || kind is FaultKind.Denied;

    private bool IsOfChanges => IsOfNames || kind is FaultKind.ReadOnly;

    private bool IsOfRoom => IsOfChanges || kind is FaultKind.Full;

    private bool IsOfFlushes => IsAny || kind is FaultKind.FailedFlush;

    private string Words => kind switch
    {
        FaultKind.Full or FaultKind.ShortWrite =>
            "No space left on device; free some space there and run again",
        FaultKind.ReadOnly => "Read-only file system",
        FaultKind.Vanished => "No such file or directory",
        FaultKind.Stale => "Stale file handle",
        FaultKind.Denied => "Permission denied",
        _ => "Input/output error",
    };

    public string NewSuffix() => files.NewSuffix();

    public IStoreFile CreateNew(string path)
    {
        Fail(IsOfRoom || kind == FaultKind.Vanished, "create", path);
        return new FaultyFile(this, files.CreateNew(path), path);
    }

    public IStoreFile? TryOpenRead(string path)
    {
        Fail(IsOfNames, "open", path);
        return !IsGone() && files.TryOpenRead(path) is { } file ? new FaultyFile(this, file, path) : null;
    }

    public IStoreFile? TryOpenWrite(string path)
    {
        Fail(IsOfChanges, "open", path);
        return !IsGone() && files.TryOpenWrite(path) is { } file ? new FaultyFile(this, file, path) : null;
    }

    public long? TryGetLength(string path)
    {
        Fail(IsOfNames, "look at", path);
        return IsGone() ? null : files.TryGetLength(path);
    }

    public DateTimeOffset TimeOf(string path)
    {
        Fail(IsOfNames || kind == FaultKind.Vanished, "look at", path);
        return files.TimeOf(path);
    }

    public bool TryRename(string fromPath, string toPath)
    {
        Fail(IsOfRoom || kind == FaultKind.Vanished, "rename to", toPath);
        return files.TryRename(fromPath, toPath);
    }

    public void Delete(string path)
    {
        Fail(IsOfChanges, "delete", path);
        if (!IsGone())
        {
            files.Delete(path);
        }
    }

    public bool FolderExists(string path)
    {
        Fail(IsOfNames, "look at", path);
        return !IsGone() && files.FolderExists(path);
    }

    public string? NetworkMountOf(string folder)
    {
        Fail(IsOfNames, "look at the mount of", folder);
        return files.NetworkMountOf(folder);
    }

    public void MakeFolder(string path)
    {
        Fail(IsOfRoom || kind == FaultKind.Vanished, "make the folder", path);
        files.MakeFolder(path);
    }

    public void FlushFolder(string path)
    {
        Fail(IsOfFlushes, "flush the folder", path);
        Fail(kind is FaultKind.Vanished or FaultKind.Denied, "open the folder", path);
        files.FlushFolder(path);
    }

    public IReadOnlyList<StoreEntry> List(string folder)
    {
        Fail(IsOfNames, "list", folder);
        return IsGone() ? [] : files.List(folder);
    }

    private bool IsGone() => kind == FaultKind.Vanished && Strikes();

    private bool Strikes()
    {
        int call = Interlocked.Increment(ref callCount);
        bool strikes = at > 0 && (call == at || (isLasting && call > at));
        if (strikes)
        {
            Interlocked.Increment(ref faultCount);
        }

        return strikes;
    }

    private void Fail(bool canFail, string attempt, string path)
    {
        if (canFail && Strikes())
        {
            throw new StoreException($"Cannot {attempt} '{path}': {Words}.");
        }
    }

    /// <summary>A deleted file can still be read and written by who has it open, so none is gone here.</summary>
    private sealed class FaultyFile(FaultyFiles owner, IStoreFile file, string path) : IStoreFile
    {
        public int Read(Span<byte> buffer, long offsetBytes)
        {
            owner.Fail(owner.IsAny, "read", path);
            bool isShort = owner.Kind is FaultKind.ShortRead or FaultKind.EarlyEnd && owner.Strikes();
            if (isShort && owner.Kind == FaultKind.EarlyEnd)
            {
                return 0;
            }

            return file.Read(isShort ? buffer[..((buffer.Length + 1) / 2)] : buffer, offsetBytes);
        }

        public void Write(ReadOnlySpan<byte> bytes, long offsetBytes)
        {
            owner.Fail(owner.IsAny || owner.Kind is FaultKind.Full or FaultKind.ReadOnly, "write to", path);
            if (owner.Kind == FaultKind.ShortWrite && owner.Strikes())
            {
                file.Write(bytes[..(bytes.Length / 2)], offsetBytes);
                throw new StoreException($"Cannot write to '{path}': {owner.Words}.");
            }

            file.Write(bytes, offsetBytes);
        }

        public void Flush()
        {
            owner.Fail(owner.IsOfFlushes || owner.Kind == FaultKind.Full, "flush", path);
            file.Flush();
        }

        public void Dispose() => file.Dispose();
    }
}
