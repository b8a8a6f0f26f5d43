using HyperVBackup.Disks;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.Hosts.VolumeSnapshots;
using HyperVBackup.Hosts.Wmi;
using HyperVBackup.SimulatedHost.Images;

namespace HyperVBackup.SimulatedHost;

/// <summary>
/// A process on a simulated host, through which a backup sees it. Each call is counted, and may be the process's last:
/// it is killed before the call has any effect, which is after the call before had all of its. What it had open is
/// closed then, and nothing that it does has any effect.
/// </summary>
public sealed class SimulatedProcess(SimulatedHyperV host)
    : ICimClient, IVirtualDiskHost, IImageFiles, IHostFiles, IVolumeSnapshots, ICheckpointJournals,
        IWaiter
{
    private static readonly TimeSpan CallTime = TimeSpan.FromMilliseconds(20);

    private readonly SimulatedProvider provider = new(host);
    private readonly List<SimulatedImage> open = [];
    private readonly List<(string Owner, Guid Machine)> locks = [];
    private readonly List<string> calls = [];

    /// <summary>The number of the call, from 1 on, before which it is killed; 0 for none.</summary>
    public int KilledBefore { get; set; }

    /// <summary>The call, by name, before or after whose first time it is killed; null for none.</summary>
    public (string Call, bool IsAfter)? KilledAt { get; set; }

    /// <summary>The number of the call, from 1 on, before which it is interrupted; 0 for none.</summary>
    public int InterruptedBefore { get; set; }

    /// <summary>Cancelled when it is interrupted; waiting ends then, but for that of taking things away.</summary>
    public CancellationTokenSource? Interruption { get; set; }

    public bool IsDead { get; private set; }

    /// <summary>The files of the machine that this runs on, which are the host's.</summary>
    public IHostFiles Files { get; init; } = new HostFiles();

    /// <summary>What was called, in order.</summary>
    public IReadOnlyList<string> Calls => calls;

    /// <summary>Told of each call before it has any effect; may throw, and do anything to the host.</summary>
    public Action<string>? Watch { get; set; }

    public DateTimeOffset Now => host.Now;

    /// <summary>As a backup takes it.</summary>
    /// <param name="isRecorded">Whether a restore point records a tracking id.</param>
    public HostEnvironment NewEnvironment(Func<string, bool> isRecorded, Action<string>? warn = null) => new()
    {
        Cim = this,
        Disks = this,
        Images = this,
        Files = this,
        Journals = this,
        Waiter = this,
        Randomness = host.Random.NextBytes,
        IsRecorded = isRecorded,
        Warn = warn ?? (_ => { }),
    };

    public IReadOnlyList<CimObject> Query(string cimNamespace, string wql) =>
        Call($"query {wql}", () => provider.Query(cimNamespace, wql));

    public IReadOnlyList<CimObject> Associators(CimPath path, string associationClass, string resultClass) =>
        Call($"associators {associationClass}", () => provider.Associators(path, associationClass, resultClass));

    public CimObject? Get(CimPath path) => Call($"get {path.ClassName}", () => provider.Get(path));

    public CimAnswer Invoke(CimPath path, string method, IReadOnlyDictionary<string, object?> arguments) =>
        Call(method, () => provider.Invoke(path, method, arguments));

    IVirtualDisk IVirtualDiskHost.Open(string path) => Call("open disk", () =>
    {
        SimulatedImage image = Find(path);
        RequireNotInUse(image);
        image.Materialize();
        image.OpenCount++;
        open.Add(image);
        return new OpenImage(host, this, image);
    });

    public IImageChain OpenChain(string path) => Call("open images", () =>
    {
        SimulatedImage image = Find(path);
        RequireNotInUse(image);
        image.Materialize();
        return new ImageFiles().OpenChain(path);
    });

    public IReadOnlyList<string> FilesLike(string path) => Call("look for files", () => Files.FilesLike(path));

    public long LengthOf(string path) => Call("length of file", () => Files.LengthOf(path));

    public Stream Open(string path) => Call("open file", () => Files.Open(path));

    public bool IsEmptyFolder(string path) => Call("look into folder", () => Files.IsEmptyFolder(path));

    public void Delete(string path) => Call("delete file", () =>
    {
        Files.Delete(path);
        return true;
    });

    public void DeleteUnfinished(string path) => Call("delete unfinished file", () =>
    {
        Files.DeleteUnfinished(path);
        return true;
    });

    public void DeleteFolder(string path) => Call("delete folder", () =>
    {
        Files.DeleteFolder(path);
        return true;
    });

    public HostVolume VolumeOf(string path) => Call("volume of file", () => host.Volumes.VolumeOf(path));

    public string NewName() => Call("name snapshot", host.Volumes.NewName);

    public void Create(string name, HostVolume volume) => Call("create snapshot", () =>
    {
        host.Volumes.Create(name, volume);
        return true;
    });

    public string PathIn(string name, string path) => host.Volumes.PathIn(name, path);

    void IVolumeSnapshots.Delete(string name) => Call("delete snapshot", () =>
    {
        host.Volumes.Delete(name);
        return true;
    });

    public VirtualDiskFacts Look(string path) => Call("ask of disk", () => OpenImage.FactsOf(Find(path)));

    public string BasePathOf(string path) => Call("base of disk", () => Find(path).BasePath);

    public ICheckpointJournal Open(string owner, Guid machine) => Call("open notes", () =>
    {
        if (!host.LockedNotes.Add((owner, machine)))
        {
            throw new HostException("Another backup of the machine goes on.");
        }

        locks.Add((owner, machine));
        return new Journal(host, this, (owner, machine));
    });

    public void Wait(TimeSpan time) => Call("wait", () =>
    {
        Interruption?.Token.ThrowIfCancellationRequested();
        host.Advance(time);
        return true;
    });

    IWaiter IWaiter.ForCleanUp() => new CleanUp(host, this);

    /// <summary>Runs one call of it, or a call of something else that belongs to the process.</summary>
    /// <exception cref="ProcessKilledException">It was, or is now, killed.</exception>
    public T Call<T>(string name, Func<T> act)
    {
        lock (host.Gate)
        {
            RequireAlive();
            calls.Add(name);
            if (calls.Count == KilledBefore || KilledAt == (name, false))
            {
                Die();
            }

            if (calls.Count == InterruptedBefore)
            {
                Interruption?.Cancel();
            }

            Watch?.Invoke(name);
            host.Advance(CallTime);
            T result = act();
            if (KilledAt == (name, true))
            {
                Die();
            }

            return result;
        }
    }

    /// <summary>It ends as if its power were cut.</summary>
    public void Kill()
    {
        if (!IsDead)
        {
            IsDead = true;
            open.ForEach(image => image.OpenCount--);
            locks.ForEach(name => host.LockedNotes.Remove(name));
        }
    }

    internal void RequireAlive()
    {
        if (IsDead)
        {
            throw new ProcessKilledException();
        }
    }

    internal void Close(SimulatedImage image)
    {
        lock (host.Gate)
        {
            if (!IsDead && open.Remove(image))
            {
                image.OpenCount--;
            }
        }
    }

    private void Die()
    {
        Kill();
        throw new ProcessKilledException();
    }

    private void Release((string Owner, Guid Machine) name)
    {
        if (!IsDead && locks.Remove(name))
        {
            host.LockedNotes.Remove(name);
        }
    }

    /// <summary>What a machine writes is its alone.</summary>
    private void RequireNotInUse(SimulatedImage image)
    {
        if (host.Machines.Any(machine => !machine.IsOff && machine.Disks.Any(disk => disk.Live == image)))
        {
            throw new HostException($"'{image.Path}' is in use by another process (0x80070020).", 0x20);
        }
    }

    private SimulatedImage Find(string path) =>
        host.Machines.Where(machine => !machine.IsAway).SelectMany(machine => machine.Disks)
            .SelectMany(disk => disk.Images).FirstOrDefault(image => image.Path == path)
        ?? host.Volumes.Images.FirstOrDefault(image => image.Path == path)
        ?? throw new HostException($"There is no '{path}' (0x80070002).", 2);

    private sealed class CleanUp(SimulatedHyperV host, SimulatedProcess process) : IWaiter
    {
        public DateTimeOffset Now => host.Now;

        public void Wait(TimeSpan time) => process.Call("wait to clean up", () =>
        {
            host.Advance(time);
            return true;
        });

        public IWaiter ForCleanUp() => this;
    }

    private sealed class Journal(
        SimulatedHyperV host, SimulatedProcess process, (string Owner, Guid Machine) name) : ICheckpointJournal
    {
        public string? Read() => process.Call("read notes", () => host.Notes.GetValueOrDefault(name));

        public void Write(string text) => process.Call("write notes", () => host.Notes[name] = text);

        public void Dispose() => process.Release(name);
    }
}
