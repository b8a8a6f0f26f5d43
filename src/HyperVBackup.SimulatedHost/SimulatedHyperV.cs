using System.Globalization;
using HyperVBackup.Hosts.Wmi;
using HyperVBackup.SimulatedHost.Groups;
using HyperVBackup.SimulatedHost.Imports;
using HyperVBackup.SimulatedHost.Machines;
using HyperVBackup.SimulatedHost.Volumes;
using HyperVBackup.SimulatedHost.Vss;

namespace HyperVBackup.SimulatedHost;

/// <summary>
/// A Hyper-V host as documentation and vendors' reports of faults describe it, with machines whose images are real VHDX
/// files in a folder. Deterministic from its seed; time passes as it is told to. One thread at a time, but for reading
/// disks.
/// </summary>
/// <param name="folder">Where the machines' images are kept.</param>
public sealed class SimulatedHyperV(string folder, int seed)
{
    private static readonly TimeSpan LongestJob = TimeSpan.FromSeconds(4);

    private readonly List<SimulatedMachine> machines = [];
    private readonly List<SimulatedJob> jobs = [];
    private readonly List<SimulatedGroup> groups = [];
    private int jobCount;

    public DateTimeOffset Now { get; private set; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public IReadOnlyList<SimulatedMachine> Machines => machines;

    /// <summary>How it goes about a call of a method; null for any way that is usual.</summary>
    public Func<string, JobPlan?> PlanFor { get; set; } = _ => null;

    /// <summary>Answers about changes cover no more than this; 0 makes no progress.</summary>
    public long AnsweredBytesMax { get; set; } = long.MaxValue;

    /// <summary>What questions about changes fail with; 0 for nothing.</summary>
    public uint ChangeError { get; set; }

    /// <summary>Leaves a tracking id out of the reference points that it shows.</summary>
    public bool LeavesIdOut { get; set; }

    /// <summary>The names of the nodes of its cluster; none where it is in none.</summary>
    public IReadOnlyList<string> ClusterNodes { get; set; } = [];

    /// <summary>Gives a checkpoint the name that is asked for it, from its beginning on; else one of the host's own.
    /// </summary>
    public bool NamesCheckpoints { get; set; } = true;

    /// <summary>Has classes for groups of machines, as since 2016.</summary>
    public bool KnowsGroups { get; set; } = true;

    /// <summary>What programs noted in their state folders, by owner and machine; survives them.</summary>
    public Dictionary<(string Owner, Guid Machine), string> Notes { get; } = [];

    /// <summary>The checkpoints that were asked for through the host, in order, also those that are gone.</summary>
    public IReadOnlyList<SimulatedCheckpoint> Asked => AskedFor;

    internal List<SimulatedCheckpoint> AskedFor { get; } = [];

    /// <summary>Its VM groups.</summary>
    public IReadOnlyList<SimulatedGroup> Groups => groups;

    internal List<SimulatedPlan> Plans { get; } = [];

    /// <summary>Its volumes.</summary>
    public SimulatedVolumes Volumes => field ??= new SimulatedVolumes(this, folder);

    /// <summary>Its volume shadow copy service.</summary>
    public SimulatedVss Vss => field ??= new SimulatedVss(this);

    /// <summary>How many machines it only plans.</summary>
    public int PlannedCount => Plans.Count;

    internal Random Random { get; } = new(seed);

    internal Lock Gate { get; } = new();

    internal HashSet<(string Owner, Guid Machine)> LockedNotes { get; } = [];

    internal IReadOnlyList<SimulatedJob> Jobs => jobs;

    /// <param name="version">Its configuration version.</param>
    public SimulatedMachine AddMachine(string name, string version = "10.0")
    {
        string path = Path.Join(folder, name);
        Directory.CreateDirectory(path);
        SimulatedMachine machine = new(Random, name, path) { Version = version };
        machines.Add(machine);
        return machine;
    }

    public SimulatedGroup AddGroup(string name, params ReadOnlySpan<SimulatedMachine> members)
    {
        byte[] id = new byte[16];
        Random.NextBytes(id);
        SimulatedGroup group = new(new Guid(id), name);
        foreach (SimulatedMachine member in members)
        {
            group.Members.Add(member);
        }

        groups.Add(group);
        return group;
    }

    /// <summary>Answers nothing that is asked of its WMI provider.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Another node of the cluster has the machine from now on, too or instead.</summary>
    /// <param name="leaves">Whether it is gone from this one.</param>
    public void MoveTo(SimulatedHyperV node, SimulatedMachine machine, bool leaves = true)
    {
        if (node.Now < Now)
        {
            node.Advance(Now - node.Now); // nodes of a cluster have one time
        }

        node.machines.Add(machine);
        if (leaves)
        {
            machines.Remove(machine);
        }
    }

    internal void Add(SimulatedMachine machine) => machines.Add(machine);

    /// <summary>It is not on this node any more.</summary>
    public void Remove(SimulatedMachine machine) => machines.Remove(machine);

    /// <summary>Time passes: jobs end, guests write.</summary>
    public void Advance(TimeSpan time)
    {
        Now += time;
        foreach (SimulatedMachine machine in machines.Where(machine => machine.IsWriting && !machine.IsOff))
        {
            foreach (Images.SimulatedDisk disk in machine.Disks)
            {
                disk.WriteRandomly(Random.Next(3));
            }
        }

        foreach (SimulatedJob job in jobs)
        {
            job.Advance(Now);
        }

        jobs.RemoveAll(job => job.IsGone(Now));
        foreach (SimulatedMachine machine in machines)
        {
            machine.MergeUnused();
            if (!machine.IsAway && !jobs.Exists(job => job.IsOf(machine) && !job.IsOver))
            {
                machine.OtherProduct?.Act(Now);
            }
        }
    }

    /// <summary>The host loses power and starts again: jobs are gone undone, change tracking has coarse traces only.
    /// </summary>
    public void LosePower()
    {
        jobs.Clear();
        foreach (SimulatedMachine machine in machines)
        {
            foreach (Images.SimulatedDisk disk in machine.Disks)
            {
                disk.LosePower();
            }
        }
    }

    /// <summary>Does something for a machine, at once or as a job.</summary>
    /// <param name="act">Does it, and returns what it made.</param>
    internal CimAnswer Run(
        string method, SimulatedMachine machine, string? resultName, Func<JobPlan, CimPath?> act) =>
        Run(method, [machine], resultName, act);

    /// <summary>The same for several at once.</summary>
    internal CimAnswer Run(
        string method, IReadOnlyList<SimulatedMachine> machines, string? resultName, Func<JobPlan, CimPath?> act)
    {
        JobPlan plan = PlanFor(method) ?? Usual();
        if (plan.Refusal != 0)
        {
            return new CimAnswer(plan.Refusal, new Dictionary<string, object?>(), null);
        }

        if (jobs.Exists(job => machines.Any(job.IsOf) && !job.IsOver))
        {
            return new CimAnswer(ReturnCodes.OtherInvalidState, new Dictionary<string, object?>(), null);
        }

        jobCount++;
        string id = new Guid(jobCount, 0, 0, new byte[8]).ToString("D", CultureInfo.InvariantCulture);
        SimulatedJob job = null!;
        job = new SimulatedJob(id, plan, Now, machines, () => job.Result = act(plan));
        if (plan.Duration is null)
        {
            job.Advance(Now);
            Dictionary<string, object?> made = [];
            if (resultName is not null)
            {
                made.Add(resultName, plan.GivesResult ? job.Result : null);
            }

            return new CimAnswer(job.State == JobState.Completed ? 0 : 32768u, made, null);
        }

        jobs.Add(job);
        return new CimAnswer(
            ReturnCodes.JobStarted, new Dictionary<string, object?>(), SimulatedObjects.PathOf(job));
    }

    private JobPlan Usual() => Random.Next(3) == 0
        ? new JobPlan { GivesResult = Random.Next(4) != 0 }
        : new JobPlan
        {
            Duration = LongestJob * Random.NextDouble(),
            End = Random.Next(6) == 0 ? JobState.CompletedWithWarnings : JobState.Completed,
            ListedLater = Random.Next(3) == 0 ? TimeSpan.FromSeconds(Random.Next(10)) : TimeSpan.Zero,
        };
}
