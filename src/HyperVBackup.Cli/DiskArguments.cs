using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;

namespace HyperVBackup.Cli;

/// <summary>Reads <c>--disk [NAME=][raw:|image:]PATH…</c> with <c>--changes FILE|-…</c>.</summary>
internal static class DiskArguments
{
    private const string NoChanges = "-";
    private const string RawPrefix = "raw:";
    private const string FormattedPrefix = "image:";

    /// <exception cref="UsageException">Names or counts do not fit.</exception>
    /// <exception cref="DiskImageException">An image or ranges file cannot be opened.</exception>
    public static List<DiskRequest> Read(IReadOnlyList<string> disks, IReadOnlyList<string> changes)
    {
        if (changes.Count != 0 && changes.Count != disks.Count)
        {
            throw new UsageException(
                $"The number of --changes ({changes.Count}) is not that of disks ({disks.Count}): give one for each, "
                + "'-' for none.");
        }

        if (changes.Contains(""))
        {
            throw new UsageException("--changes '' names no ranges file; '-' stands for none.");
        }

        return [.. Images(disks).Select((image, position) => new DiskRequest(
            image.Name, SourceOf(changes.Count == 0 ? NoChanges : changes[position], image))
        {
            MayGainIdentity = image.IsSurelyFormatted,
        })];
    }

    /// <summary>The images alone, with the names of their disks.</summary>
    /// <exception cref="UsageException">A name does not fit, or stands twice.</exception>
    /// <exception cref="DiskImageException">There is no such image.</exception>
    public static List<ImageArgument> Images(IReadOnlyList<string> disks)
    {
        List<ImageArgument> images = [];
        foreach ((string? given, string text) in disks.Select(Split))
        {
            (bool? isRaw, string path) = SplitForm(text);
            RequireFile(path);
            string name = given ?? NameOf(path, isRaw);
            if (images.Exists(other => string.Equals(other.Name, name, StringComparison.OrdinalIgnoreCase)))
            {
                throw new UsageException($"Two disks are named '{name}': give one another name with NAME=PATH.");
            }

            images.Add(new ImageArgument(name, path, isRaw));
        }

        return images;
    }

    private static IChangeSource SourceOf(string changes, ImageArgument image) => changes == NoChanges
        ? new UntrackedSource(image.Open)
        : RangesFileSource.Load(changes, image.Open);

    /// <summary>A file that has the whole text as its name wins over a name before '='. A form stands before the path
    /// alone, so that what begins with one has no name.</summary>
    private static (string? Name, string Path) Split(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        bool hasName = equals >= 0 && text.AsSpan(0, equals).IndexOfAny('/', '\\') < 0 && !HasForm(text)
            && !Path.Exists(text);
        (string? name, string path) = hasName ? (text[..equals], text[(equals + 1)..]) : (null, text);
        if (path is "" or RawPrefix or FormattedPrefix)
        {
            throw new UsageException($"--disk '{text}' names no disk image; write PATH or NAME=PATH.");
        }

        return name is null || DiskName.IsValid(name) ? (name, path) : throw NotAName(name);
    }

    private static bool HasForm(string text) =>
        text.StartsWith(RawPrefix, StringComparison.Ordinal)
        || text.StartsWith(FormattedPrefix, StringComparison.Ordinal);

    /// <summary>Here too, a file that has the whole text as its name wins.</summary>
    private static (bool? IsRaw, string Path) SplitForm(string text) => text switch
    {
        _ when Path.Exists(text) => (null, text),
        _ when text.StartsWith(RawPrefix, StringComparison.Ordinal) => (true, text[RawPrefix.Length..]),
        _ when text.StartsWith(FormattedPrefix, StringComparison.Ordinal) => (false, text[FormattedPrefix.Length..]),
        _ => (null, text),
    };

    private static void RequireFile(string path)
    {
        if (!Path.Exists(path))
        {
            throw new DiskImageException($"There is no disk image '{path}'.");
        }

        if (Directory.Exists(path))
        {
            throw new DiskImageException($"'{path}' is a folder; name the disk image in it.");
        }
    }

    private static string NameOf(string path, bool? isRaw)
    {
        string name = isRaw == true ? Path.GetFileNameWithoutExtension(path) : DiskImage.NameOf(path);
        return DiskName.IsValid(name) ? name : throw NotAName(name);
    }

    private static UsageException NotAName(string name) => new(
        $"'{name}' cannot name a disk: use 1 to 200 characters that can stand as a file's name, as in NAME=PATH.");
}
