using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using HyperVBackup.Storage.Files;

namespace HyperVBackup.Testing.Stores;

/// <summary>A whole file system in memory. Immutable; versions share what is the same, so that one is kept for every
/// operation of a long history.</summary>
internal sealed record RecordedState
{
    internal const int IsFolder = 0;
    private static readonly ImmutableSortedDictionary<string, int> NoEntries =
        ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal);

    /// <summary>By folder: what it holds, by name; files by their number.</summary>
    private ImmutableDictionary<string, ImmutableSortedDictionary<string, int>> Folders { get; init; } =
        ImmutableDictionary.Create<string, ImmutableSortedDictionary<string, int>>(StringComparer.Ordinal);

    private ImmutableDictionary<int, RecordedContent> Contents { get; init; } =
        ImmutableDictionary<int, RecordedContent>.Empty;

    internal IEnumerable<string> FilePaths =>
        from folder in Folders
        from entry in folder.Value
        where entry.Value != IsFolder
        select Path.Join(folder.Key, entry.Key);

    internal bool FolderExists(string path) => Folders.ContainsKey(path) || Path.GetDirectoryName(path) is null;

    internal RecordedContent ContentOf(int file) => Contents[file];

    /// <returns>The file's number, or null where there is no such file.</returns>
    internal int? TryFind(string path) =>
        EntriesOf(Path.GetDirectoryName(path)!).TryGetValue(Path.GetFileName(path), out int file) && file != IsFolder
            ? file
            : null;

    internal bool IsTaken(string path) => EntriesOf(Path.GetDirectoryName(path)!).ContainsKey(Path.GetFileName(path));

    internal IReadOnlyList<StoreEntry> List(string folder) =>
        [.. EntriesOf(folder).Select(entry => new StoreEntry(entry.Key, entry.Value == IsFolder))];

    /// <summary>What the file system is after <paramref name="operation"/>, which must be possible now.</summary>
    internal RecordedState Apply(FileOperation operation) => operation.Kind switch
    {
        FileOperationKind.MakeFolder => WithFolder(operation.Path),
        FileOperationKind.Create => With(operation.Path, operation.File) with
        {
            Contents = Contents.Add(operation.File, RecordedContent.Empty),
        },
        FileOperationKind.Write => this with
        {
            Contents = Contents.SetItem(
                operation.File, Contents[operation.File].Write(operation.OffsetBytes, operation.Bytes)),
        },
        FileOperationKind.Rename => Without(operation.Path).With(operation.ToPath!, operation.File),
        FileOperationKind.Delete => Without(operation.Path),
        _ => this,
    };

    /// <summary>What is durable after <paramref name="operation"/>, where this is what was durable before it: only
    /// flushes change it.</summary>
    /// <param name="now">What the file system is after the operation.</param>
    internal RecordedState ApplyFlush(FileOperation operation, RecordedState now) => operation.Kind switch
    {
        FileOperationKind.FlushFile => this with
        {
            Contents = Contents.SetItem(operation.File, now.Contents[operation.File]),
        },
        FileOperationKind.FlushFolder => this with
        {
            Folders = Folders.SetItem(operation.Path, now.EntriesOf(operation.Path)),
        },
        _ => this,
    };

    /// <summary>The same with one thing more durable than what was flushed.</summary>
    internal RecordedState With(PendingEffect effect)
    {
        if (effect.Write is { } write)
        {
            RecordedContent before = Contents.GetValueOrDefault(write.File, RecordedContent.Empty);
            return this with
            {
                Contents = Contents.SetItem(write.File, before.Write(write.OffsetBytes, write.Bytes)),
            };
        }

        ImmutableSortedDictionary<string, int> entries = EntriesOf(effect.Folder);
        return this with
        {
            Folders = Folders.SetItem(effect.Folder, effect.File is { } file
                ? entries.SetItem(effect.Name, file)
                : entries.Remove(effect.Name)),
        };
    }

    /// <summary>The same for states in which the same files and folders are to be found, and for no others.</summary>
    /// <param name="isNeverRead">Of a path: the content of files there does not count.</param>
    internal string Key(Func<string, bool> isNeverRead)
    {
        StringBuilder key = new();
        foreach (string folder in Folders.Keys.Order(StringComparer.Ordinal))
        {
            key.Append(folder).Append('\n');
            foreach ((string name, int file) in EntriesOf(folder))
            {
                bool hasContent = file != IsFolder && !isNeverRead(Path.Join(folder, name));
                key.Append(' ').Append(name).Append(' ').Append(hasContent ? Contents[file].Sum : "").Append('\n');
            }
        }

        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key.ToString())));
    }

    /// <summary>The same as a power loss leaves it: files never flushed are empty, and a folder without a durable name
    /// in its parent is gone with all it holds.</summary>
    internal RecordedState Reachable()
    {
        RecordedState reached = new();
        foreach (string top in Folders.Keys.Where(path => Path.GetDirectoryName(path) is null))
        {
            reached = Reach(top, reached);
        }

        return reached;
    }

    private RecordedState Reach(string folder, RecordedState reached)
    {
        reached = reached with { Folders = reached.Folders.SetItem(folder, EntriesOf(folder)) };
        foreach ((string name, int file) in EntriesOf(folder))
        {
            reached = file == IsFolder
                ? Reach(Path.Join(folder, name), reached)
                : reached with
                {
                    Contents = reached.Contents.SetItem(
                        file, Contents.GetValueOrDefault(file, RecordedContent.Empty)),
                };
        }

        return reached;
    }

    private ImmutableSortedDictionary<string, int> EntriesOf(string folder) =>
        Folders.GetValueOrDefault(folder, NoEntries);

    private RecordedState WithFolder(string path)
    {
        RecordedState withName = With(path, IsFolder);
        return withName with { Folders = withName.Folders.SetItem(path, NoEntries) };
    }

    private RecordedState With(string path, int file)
    {
        string folder = Path.GetDirectoryName(path)!;
        return this with { Folders = Folders.SetItem(folder, EntriesOf(folder).Add(Path.GetFileName(path), file)) };
    }

    private RecordedState Without(string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        return this with { Folders = Folders.SetItem(folder, EntriesOf(folder).Remove(Path.GetFileName(path))) };
    }
}
