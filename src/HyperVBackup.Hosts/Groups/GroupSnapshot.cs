using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts.Groups;

/// <summary>One moment of all machines of a group: a recovery checkpoint of the group, which is removed when its disks
/// are read. What the host tracks is not asked. Ends confirmed or abandoned. Not thread-safe; reading its disks is.
/// </summary>
internal sealed class GroupSnapshot : IDisposable
{
    private readonly CycleContext context;
    private readonly GroupCatalog groups;
    private readonly HostCalls calls;
    private readonly GroupLeftovers leftovers;
    private readonly MachineGroup group;
    private readonly List<ICheckpointJournal> locks = [];
    private readonly List<(Guid Machine, AttachedDisk Attached, FrozenDisk Disk)> disks = [];
    private GroupCheckpoint checkpoint = null!;
    private bool isEnded;

    private GroupSnapshot(
        MachineGroup group, HostOptions options, HostEnvironment environment, CycleJournal journal)
    {
        this.group = group;
        context = new CycleContext(options, environment, journal);
        groups = new GroupCatalog(environment.Cim);
        calls = new HostCalls(context);
        leftovers = new GroupLeftovers(context, calls, groups, group);
    }

    /// <summary>Each with the machine that it is of.</summary>
    public IReadOnlyList<(Guid Machine, AttachedDisk Attached, FrozenDisk Disk)> Disks => disks;

    public MachineConsistency Consistency => checkpoint.Consistency;

    /// <summary>Takes away what an earlier backup of the group left, and makes the checkpoint.</summary>
    /// <exception cref="HostException">It cannot be made; nothing of it is left, or it is noted.</exception>
    public static GroupSnapshot Take(MachineGroup group, HostOptions options, HostEnvironment environment)
    {
        GroupSnapshot snapshot = new(
            group, options, environment,
            CycleJournal.Open(environment.Journals, options.Owner, group.Id, environment.Warn));
        try
        {
            snapshot.Take();
            return snapshot;
        }
        catch
        {
            try
            {
                snapshot.End();
            }
            finally
            {
                snapshot.Dispose();
            }

            throw;
        }
    }

    /// <summary>All disks are read: whoever removed a checkpoint before had its images merged, and what was read since
    /// may be of another moment.</summary>
    /// <exception cref="HostException">One is gone.</exception>
    public void Seal()
    {
        if (checkpoint.Parts.Any(part => context.Catalog.FindSettings(part.Checkpoint.Path) is null))
        {
            throw new HostException(
                $"The checkpoint of the group '{group.Name}' was removed by somebody else while it was read; run "
                + "again.");
        }

        CloseDisks();
    }

    /// <summary>The checkpoint goes, whether a restore point came of it or not. What fails here is said and nothing
    /// more: the restore point is published, or another failure told, and the next backup takes away what is left.
    /// </summary>
    public void End()
    {
        if (!isEnded)
        {
            isEnded = true;
            CloseDisks();
            leftovers.ForCleanUp().TryClear();
        }
    }

    public void Dispose()
    {
        CloseDisks();
        locks.ForEach(held => held.Dispose());
        context.Journal.Dispose();
    }

    private void Take()
    {
        leftovers.Clear();
        List<VirtualMachine> members = groups.MembersOf(group);
        foreach (VirtualMachine member in members)
        {
            // A backup of the machine alone would take our checkpoint for one that was left.
            locks.Add(context.Environment.Journals.Open(context.Options.Owner, member.Id));
        }

        RequireQuiet();
        checkpoint = new GroupCheckpointMaker(context, calls, groups, leftovers.ForCleanUp()).Make(group, members);
        foreach ((VirtualMachine machine, MachineSettings part) in checkpoint.Parts)
        {
            disks.AddRange(context.Catalog.WithDisksOf(part, new FrozenDisks(context).OpenAll)
                .Select(item => (machine.Id, item.Attached, item.Disk)));
        }
    }

    private void RequireQuiet()
    {
        string? busy = null;
        bool IsQuiet()
        {
            VirtualMachine? found = groups.MembersOf(group).Find(
                machine => machine.Busy is not null || context.Jobs.IsAnyRunning(machine.Path));
            busy = found is null ? null : $"'{found.Name}' ({found.Busy ?? "a job of the host's changes it"})";
            return busy is null;
        }

        if (!context.Poll(IsQuiet, context.Options.BusyPatience))
        {
            throw new HostException(
                $"A machine of the group '{group.Name}' is busy: {busy}; run again when that is over.");
        }
    }

    private void CloseDisks() => disks.ForEach(disk => disk.Disk.Dispose());
}
