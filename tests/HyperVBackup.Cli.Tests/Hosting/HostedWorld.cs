using System.Text;
using HyperVBackup.Cli.Hosting;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.Operations;
using HyperVBackup.Repository;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Cli.Tests.Hosting;

/// <summary>Runs commands in this process on simulated Hyper-V hosts, the first of which is this one.</summary>
internal sealed class HostedWorld : IDisposable, IVirtualDiskHost
{
    public const int DiskBytes = 512 << 10;
    private readonly TestFolder folder = new();

    public HostedWorld(params string[] nodes)
    {
        foreach (string node in nodes)
        {
            // Two slashes begin the name of a share.
            Nodes.Add(node, new SimulatedHyperV('/' + folder.Folder(node), Nodes.Count + 1));
        }

        foreach (SimulatedHyperV host in Nodes.Values)
        {
            host.PlanFor = _ => Plainly;
            host.ClusterNodes = nodes.Length > 1 ? nodes : [];
        }
    }

    /// <summary>How a host goes about a call without saying more than it must.</summary>
    public static JobPlan Plainly { get; } = new() { Duration = TimeSpan.FromSeconds(1) };

    public Dictionary<string, SimulatedHyperV> Nodes { get; } = [];

    public SimulatedHyperV Host => Nodes.Values.First();

    /// <summary>Told of each call that is made of a host; may throw.</summary>
    public Action<string>? Watch { get; set; }

    /// <summary>Whether anything makes snapshots of volumes.</summary>
    public bool HasVolumeSnapshots { get; set; } = true;

    public string Repository => folder.File("repository");

    public string PathOf(string name) => folder.File(name);

    public SimulatedMachine AddMachine(string name, SimulatedHyperV? host = null, string version = "10.0")
    {
        SimulatedMachine machine = (host ?? Host).AddMachine(name, version);
        machine.AddDisk("system", DiskBytes, isVhd: version == "5.0").WriteRandomly(20);
        return machine;
    }

    public Task<CommandResult> RunAsync(params string[] arguments) => RunPlainAsync([.. arguments, "--json"]);

    public async Task<CommandResult> RunPlainAsync(params string[] arguments)
    {
        using MemoryStream output = new();
        using StringWriter errors = new();
        Surroundings.Current = new Surroundings
        {
            NewEnvironment = () => ThisHost.NewEnvironment() with { StateFolder = folder.File("state") },
            OpenOutput = () => output,
            Errors = TextWriter.Synchronized(errors),
            IsTerminal = false,
            FindHost = Find,
        };
        int exitCode = await CommandLine.RunAsync([.. arguments, "-r", Repository, "--memory", "64MiB"]);
        return new CommandResult(exitCode, Encoding.UTF8.GetString(output.ToArray()), errors.ToString());
    }

    /// <summary>Every node sees the images on shares.</summary>
    public IVirtualDisk Open(string path) => ((IVirtualDiskHost)HolderOf(path)).Open(path);

    public VirtualDiskFacts Look(string path) => ((IVirtualDiskHost)HolderOf(path)).Look(path);

    public string BasePathOf(string path) => HolderOf(path).BasePathOf(path);

    public void Dispose() => folder.Dispose();

    private HostAccess Find(RepositoryEnvironment environment, CancellationToken token)
    {
        SimulatedProcess process = NewProcess(Host);
        return new HostAccess
        {
            Name = Nodes.Keys.First(),
            Connect = node => Nodes.TryGetValue(node, out SimulatedHyperV? host)
                ? NewProcess(host)
                : throw new HostException($"There is no {node}."),
            Disks = Nodes.Count > 1 ? this : process,
            Files = new ShareFiles(),
            Waiter = process,
            OpenVolumes = HasVolumeSnapshots ? () => process : null,
        };
    }

    private SimulatedProcess HolderOf(string path) => NewProcess(Nodes.Values.FirstOrDefault(host => host.Machines
        .SelectMany(machine => machine.Disks).Any(disk =>
            Path.GetDirectoryName(disk.Path) == Path.GetDirectoryName(path))) ?? Host);

    private SimulatedProcess NewProcess(SimulatedHyperV host) => new(host) { Watch = name => Watch?.Invoke(name) };
}
