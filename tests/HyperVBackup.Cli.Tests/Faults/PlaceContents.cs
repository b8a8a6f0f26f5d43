using HyperVBackup.Storage.Files;
using HyperVBackup.Testing.Stores;

namespace HyperVBackup.Cli.Tests.Faults;

/// <summary>All that a repository and a host's state folder hold, byte for byte.</summary>
internal sealed class PlaceContents
{
    private readonly Dictionary<string, byte[]> files = new(StringComparer.Ordinal);

    private PlaceContents()
    {
    }

    public static PlaceContents Read(RecordingFiles repository, string state)
    {
        PlaceContents contents = new();
        foreach (string path in repository.FilePaths)
        {
            using IStoreFile file = repository.TryOpenRead(path)!;
            byte[] bytes = new byte[repository.TryGetLength(path)!.Value];
            Xunit.Assert.Equal(bytes.Length, file.Read(bytes, 0));
            contents.files.Add(path, bytes);
        }

        foreach (string path in Directory.EnumerateFiles(state, "*", SearchOption.AllDirectories))
        {
            contents.files.Add(Path.GetRelativePath(state, path), File.ReadAllBytes(path));
        }

        return contents;
    }

    public bool IsSameAs(PlaceContents other) => files.Count == other.files.Count && files.All(file =>
        other.files.TryGetValue(file.Key, out byte[]? bytes) && bytes.AsSpan().SequenceEqual(file.Value));
}
