namespace HyperVBackup.Cli.Tests.Indexes;

/// <summary>Something that may have become of a host's index: its files by their names, without the lock.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Files">What they hold.</param>
internal sealed record IndexState(string Name, IReadOnlyDictionary<string, byte[]> Files)
{
    /// <summary>Whether the repository is that of a time before the index was saved last.</summary>
    public bool IsNewer { get; init; }

    /// <summary>Whether another process has it open.</summary>
    public bool IsOpen { get; init; }

    public static Dictionary<string, byte[]> ReadFrom(string folder) => Directory.GetFiles(folder)
        .Where(path => Path.GetFileName(path) != "lock")
        .ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);

    public void WriteTo(string folder)
    {
        foreach (string name in ReadFrom(folder).Keys)
        {
            File.Delete(Path.Join(folder, name));
        }

        foreach ((string name, byte[] bytes) in Files)
        {
            File.WriteAllBytes(Path.Join(folder, name), bytes);
        }
    }
}
