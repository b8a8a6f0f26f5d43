using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Operations.Backup;

namespace HyperVBackup.Cli;

/// <summary>Reads <c>--disk [NAME=]PATH…</c> with <c>--changes FILE|-…</c>.</summary>
internal static class DiskArguments
{
    private const string NoChanges = "-";

    /// <exception cref="UsageException">Names or counts do not fit.</exception>
    /// <exception cref="DiskImageException">An image or ranges file cannot be opened.</exception>
    public static List<DiskRequest> Read(IReadOnlyList<string> disks, IReadOnlyList<string> changes)
    {
        if (changes.Count != 0 && changes.Count != disks.Count)
        {
            throw new UsageException(
                $"There are {disks.Count} disks but {changes.Count} --changes: give one for each disk, '-' for none.");
        }

        List<DiskRequest> requests = [];
        for (int position = 0; position < disks.Count; position++)
        {
            (string? name, string path) = Split(disks[position]);
            name ??= DiskImage.NameOf(path);
            if (requests.Exists(other => string.Equals(other.Name, name, StringComparison.OrdinalIgnoreCase)))
            {
                throw new UsageException($"Two disks are named '{name}': give one another name with NAME=PATH.");
            }

            string file = changes.Count == 0 ? NoChanges : changes[position];
            requests.Add(new DiskRequest(name, SourceOf(file, path)));
        }

        return requests;
    }

    private static IChangeSource SourceOf(string changes, string path) => changes == NoChanges
        ? new UntrackedSource(() => DiskImage.Open(path))
        : RangesFileSource.Load(changes, () => DiskImage.Open(path));

    /// <summary>A file that has the whole text as its name wins over a name before '='.</summary>
    private static (string? Name, string Path) Split(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        bool hasName = equals > 0 && text.AsSpan(0, equals).IndexOfAny('/', '\\') < 0 && !Path.Exists(text);
        return hasName ? (text[..equals], text[(equals + 1)..]) : (null, text);
    }
}
