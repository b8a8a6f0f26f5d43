using System.Globalization;
using HyperVBackup.Storage;
using HyperVBackup.Storage.Files;

namespace HyperVBackup.Testing.Stores;

/// <summary>
/// A file system in memory that records every change and flush, and can go back to any moment: to what a process that
/// was killed there would have left, or to what a power loss could have left at worst. Thread-safe: what the log's
/// order says is what happened.
/// <code>
/// var disk = new RecordingFiles();
/// var store = new FolderStore("/repo", disk);
/// …
/// for (int count = 0; count &lt;= disk.OperationCount; count++)
/// {
///     var crashed = new FolderStore("/repo", disk.StateAfter(count));
/// }
/// </code>
/// </summary>
public sealed class RecordingFiles : IStoreFiles
{
    private readonly Lock gate = new();
    private readonly List<FileOperation> operations = [];
    private readonly List<(RecordedState State, RecordedState Durable)> before = [];
    private RecordedState state;
    private RecordedState durable;
    private int fileCount;
    private int suffixCount;

    public RecordingFiles()
        : this(new RecordedState(), new RecordedState(), 0, 0)
    {
    }

    private RecordingFiles(RecordedState state, RecordedState durable, int fileCount, int suffixCount) =>
        (this.state, this.durable, this.fileCount, this.suffixCount) = (state, durable, fileCount, suffixCount);

    /// <summary>Called before each operation has its effect and is recorded; may throw
    /// <see cref="StoreException"/>.</summary>
    public Action<FileOperation>? Before { get; set; }

    /// <summary>Flushes that end well and do nothing, nor are recorded: as if the code left them out.</summary>
    public Func<FileOperation, bool>? LeavesOut { get; set; }

    /// <summary>Told each path that is opened for reading; may throw.</summary>
    public Action<string>? Opening { get; set; }

    /// <summary>The most bytes one read gives, so that short reads are tried.</summary>
    public int ReadBytesMax { get; set; } = int.MaxValue;

    /// <summary>What <see cref="TimeOf"/> says of every file.</summary>
    public DateTimeOffset Time { get; set; } = DateTimeOffset.UnixEpoch;

    /// <summary>The count of files open now.</summary>
    public int OpenCount { get; private set; }

    /// <summary>How often a file was opened for reading.</summary>
    public int OpenedCount { get; private set; }

    /// <summary>How often a folder was listed.</summary>
    public int ListedCount { get; private set; }

    public int OperationCount
    {
        get
        {
            lock (gate)
            {
                return operations.Count;
            }
        }
    }

    public IReadOnlyList<FileOperation> Operations
    {
        get
        {
            lock (gate)
            {
                return [.. operations];
            }
        }
    }

    /// <summary>The paths of all files there are, temporary ones too.</summary>
    public IReadOnlyList<string> FilePaths => [.. Now().FilePaths.Order(StringComparer.Ordinal)];

    /// <summary>An independent file system as this one was after its first <paramref name="operationCount"/>
    /// operations, with an empty log: a process was killed there. Cheap at any count.</summary>
    public RecordingFiles StateAfter(int operationCount)
    {
        lock (gate)
        {
            (RecordedState then, RecordedState flushed) = StatesAfter(operationCount);
            return new RecordingFiles(then, flushed, fileCount, suffixCount);
        }
    }

    /// <summary>The same after a power loss that left only what was flushed until then: no byte and no name more.
    /// Costs a walk over all files.</summary>
    public RecordingFiles FlushedStateAfter(int operationCount)
    {
        lock (gate)
        {
            RecordedState flushed = StatesAfter(operationCount).Durable.Reachable();
            return new RecordingFiles(flushed, flushed, fileCount, suffixCount);
        }
    }

    /// <summary>The same in a state of its own, all of it durable.</summary>
    internal RecordingFiles In(RecordedState other) => new(other, other, fileCount, suffixCount);

    /// <summary>What the file system is after so many operations, and what of it is durable.</summary>
    internal (RecordedState State, RecordedState Durable) StatesAt(int operationCount)
    {
        lock (gate)
        {
            return StatesAfter(operationCount);
        }
    }

    public string NewSuffix() =>
        Interlocked.Increment(ref suffixCount).ToString("x8", CultureInfo.InvariantCulture);

    public IStoreFile CreateNew(string path)
    {
        lock (gate)
        {
            Require(!state.IsTaken(path), "create", path, "File exists");
            RequireFolder("create", path);
            int file = ++fileCount;
            Do(new FileOperation(FileOperationKind.Create, path, file));
            OpenCount++;
            return new RecordedFile(this, file, path);
        }
    }

    public IStoreFile? TryOpenRead(string path)
    {
        lock (gate)
        {
            IStoreFile? file = TryOpenWrite(path);
            OpenedCount += file is null ? 0 : 1;
            return file;
        }
    }

    public IStoreFile? TryOpenWrite(string path)
    {
        lock (gate)
        {
            if (state.TryFind(path) is not { } file)
            {
                return null;
            }

            Opening?.Invoke(path);
            OpenCount++;
            return new RecordedFile(this, file, path);
        }
    }

    public long? TryGetLength(string path)
    {
        RecordedState now = Now();
        return now.TryFind(path) is { } file ? now.ContentOf(file).LengthBytes : null;
    }

    public DateTimeOffset TimeOf(string path)
    {
        Require(Now().TryFind(path) is not null, "look at", path, "No such file or directory");
        return Time;
    }

    public bool TryRename(string fromPath, string toPath)
    {
        lock (gate)
        {
            int? file = state.TryFind(fromPath);
            Require(file is not null, "rename to", toPath, "No such file or directory");
            RequireFolder("rename to", toPath);
            if (state.IsTaken(toPath))
            {
                return false;
            }

            Do(new FileOperation(FileOperationKind.Rename, fromPath, file!.Value) { ToPath = toPath });
            return true;
        }
    }

    public void Delete(string path)
    {
        lock (gate)
        {
            if (state.TryFind(path) is { } file)
            {
                Do(new FileOperation(FileOperationKind.Delete, path, file));
            }
        }
    }

    public bool FolderExists(string path) => Now().FolderExists(path);

    /// <summary>What every folder lies on.</summary>
    public string? NetworkMount { get; set; }

    public string? NetworkMountOf(string folder) => NetworkMount;

    public void MakeFolder(string path)
    {
        lock (gate)
        {
            if (!state.FolderExists(path))
            {
                Require(!state.IsTaken(path), "make the folder", path, "File exists");
                RequireFolder("make the folder", path);
                Do(new FileOperation(FileOperationKind.MakeFolder, path));
            }
        }
    }

    public void FlushFolder(string path)
    {
        lock (gate)
        {
            Require(state.FolderExists(path), "open the folder", path, "No such file or directory");
            Do(new FileOperation(FileOperationKind.FlushFolder, path));
        }
    }

    public IReadOnlyList<StoreEntry> List(string folder)
    {
        lock (gate)
        {
            ListedCount++;
            return state.List(folder);
        }
    }

    internal void Do(FileOperation operation)
    {
        lock (gate)
        {
            Before?.Invoke(operation);
            bool isFlush = operation.Kind is FileOperationKind.FlushFile or FileOperationKind.FlushFolder;
            if (isFlush && LeavesOut?.Invoke(operation) == true)
            {
                return;
            }

            before.Add((state, durable));
            state = state.Apply(operation);
            durable = durable.ApplyFlush(operation, state);
            operations.Add(operation);
        }
    }

    internal int Read(int file, Span<byte> buffer, long offsetBytes) =>
        Now().ContentOf(file).Read(buffer[..Math.Min(buffer.Length, ReadBytesMax)], offsetBytes);

    internal void Closed()
    {
        lock (gate)
        {
            OpenCount--;
        }
    }

    private (RecordedState State, RecordedState Durable) StatesAfter(int operationCount)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(operationCount, operations.Count);
        return operationCount == operations.Count ? (state, durable) : before[operationCount];
    }

    private RecordedState Now()
    {
        lock (gate)
        {
            return state;
        }
    }

    private void RequireFolder(string attempt, string path) => Require(
        state.FolderExists(Path.GetDirectoryName(path)!), attempt, path, "No such file or directory");

    private static void Require(bool holds, string attempt, string path, string words)
    {
        if (!holds)
        {
            throw new StoreException($"Cannot {attempt} '{path}': {words}.");
        }
    }
}
