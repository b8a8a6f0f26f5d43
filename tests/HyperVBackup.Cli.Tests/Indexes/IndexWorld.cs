using HyperVBackup.Cli.Tests.Faults;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Cli.Tests.Indexes;

/// <summary>A repository with garbage to collect, the host's state folder at two times, and its index in all states.
/// </summary>
internal sealed class IndexWorld : IDisposable
{
    private readonly TestFolder folder = new();
    private RecordingFiles newest = null!;
    private RecordingFiles older = null!;
    private int copyCount;

    public SmallHistory History { get; private set; } = null!;

    public IReadOnlyList<IndexState> States { get; private set; } = [];

    public static async Task<IndexWorld> MakeAsync()
    {
        IndexWorld world = new() { History = await SmallHistory.MakeAsync() };
        (RecordingFiles files, string state) = world.History.Copy();
        FaultedHost host = new(files, state);
        (await host.RunAsync("rebuild-index")).Json();
        Dictionary<string, byte[]> beforeCollect = ReadIndex(state);
        await RunAsync(host, "collect", "--patience", "1s");
        await RunAsync(host, "backup", "--vm", "other", "--disk", world.History.OtherDisk);
        Dictionary<string, byte[]> beforeBackup = ReadIndex(state);
        world.older = Copy(files);
        CopyFolder(state, world.StateOf(isOlder: true));
        File.WriteAllBytes(world.History.OtherDisk, [.. world.History.DiskBytesNow[40_000..90_000], .. new byte[99]]);
        await RunAsync(host, "backup", "--vm", "other", "--disk", world.History.OtherDisk);
        await RunAsync(host, "prune", "--vm", "other", "--keep-last", "1");
        world.newest = files;
        CopyFolder(state, world.StateOf(isOlder: false));
        world.States =
        [
            .. new IndexStates(ReadIndex(state)).All(new Dictionary<string, IReadOnlyDictionary<string, byte[]>>
            {
                ["from before the last backup"] = beforeBackup,
                ["from before the last collection"] = beforeCollect,
                ["of another repository"] = await world.OfAnotherRepositoryAsync(),
            }),
        ];
        return world;
    }

    /// <summary>Repository and state folder once more, with the index as it should be or in another state.</summary>
    public (RecordingFiles Files, string State) Copy(bool isOlder, IndexState? index)
    {
        string state = NewFolder();
        CopyFolder(StateOf(isOlder), state);
        index?.WriteTo(IndexFolderIn(state));
        return (Copy(isOlder ? older : newest), state);
    }

    public string NewFolder() => folder.Folder($"{Interlocked.Increment(ref copyCount)}");

    public static string IndexFolderIn(string state) => Directory.GetDirectories(Path.Join(state, "index")).Single();

    public void Dispose()
    {
        folder.Dispose();
        History.Dispose();
    }

    private static RecordingFiles Copy(RecordingFiles files)
    {
        RecordingFiles copy = files.StateAfter(files.OperationCount);
        copy.Time = files.Time;
        return copy;
    }

    private async Task<Dictionary<string, byte[]>> OfAnotherRepositoryAsync()
    {
        (RecordingFiles files, string state) = History.Nothing();
        FaultedHost host = new(files, state);
        await RunAsync(host, "init", "--chunk-size", "16KiB");
        await RunAsync(host, "backup", "--vm", "vm", "--disk", History.Disk);
        (await host.RunAsync("rebuild-index")).Json();
        await RunAsync(host, "backup", "--vm", "other", "--disk", History.OtherDisk);
        return ReadIndex(state);
    }

    private static async Task RunAsync(FaultedHost host, params string[] arguments)
    {
        CommandResult result = await host.RunAsync(arguments);
        Xunit.Assert.True(result.ExitCode == 0, result.Errors);
    }

    private static Dictionary<string, byte[]> ReadIndex(string state) => IndexState.ReadFrom(IndexFolderIn(state));

    private string StateOf(bool isOlder) => folder.Folder(isOlder ? "older" : "newest");

    private static void CopyFolder(string from, string to)
    {
        foreach (string path in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Join(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }
}
