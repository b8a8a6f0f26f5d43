using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Groups;

/// <summary>Makes the checkpoint of a group that is read, and marks it as ours. Its notes are those of a machine's
/// checkpoint; what they name is the group's.</summary>
internal sealed class GroupCheckpointMaker(
    CycleContext context, HostCalls calls, GroupCatalog groups, GroupLeftovers cleanUp)
{
    /// <summary>Application-consistent; crash-consistent only where that failed and is allowed.</summary>
    /// <exception cref="HostException">It cannot be made; nothing of it is left, or it is noted.</exception>
    public GroupCheckpoint Make(MachineGroup group, IReadOnlyList<VirtualMachine> members)
    {
        try
        {
            return MakeOrClear(group, members, MachineConsistency.Application);
        }
        catch (HostException failure) when (context.Options.AllowCrashConsistent
            && context.Journal.Notes is { Stage: CycleStage.Idle, Doubtful.Count: 0 })
        {
            context.Environment.Warn(
                $"The backup of '{group.Name}' is as of a power cut only, which was allowed: {failure.Message}");
            return MakeOrClear(group, members, MachineConsistency.Crash);
        }
    }

    private GroupCheckpoint MakeOrClear(
        MachineGroup group, IReadOnlyList<VirtualMachine> members, MachineConsistency consistency)
    {
        try
        {
            return Make(group, members, consistency);
        }
        catch (HostException)
        {
            cleanUp.TryClear(); // what went wrong first is what is told
            throw;
        }
    }

    private GroupCheckpoint Make(
        MachineGroup group, IReadOnlyList<VirtualMachine> members, MachineConsistency consistency)
    {
        string mark = OwnMark.New(context.Options.Owner, context.Environment.Randomness).ToString();
        List<string> before = [.. context.Catalog.RecoveryCheckpoints().Select(settings => settings.InstanceId)];
        context.Journal.Enter(CycleStage.Creating, notes => new CheckpointNotes
        {
            AskedAt = context.Environment.Waiter.Now,
            Mark = mark,
            CheckpointsBefore = before,
            Doubtful = notes.Doubtful,
        });
        CimPath path = calls.CreateCheckpoint(group, consistency, mark) ?? FindMarked(group, mark);
        string id = WaitFor(() => groups.IdOf(path))
            ?? throw new HostException(
                $"The host made a checkpoint of the group '{group.Name}', and does not show it.");
        context.Journal.Enter(CycleStage.Marking, notes => notes with { Checkpoint = id, Job = null });
        GroupCheckpoint made = new(path, consistency, PartsOf(group, members, path));
        foreach ((_, MachineSettings part) in made.Parts.Where(part => part.Checkpoint.Name != mark))
        {
            Mark(part, mark);
        }

        context.Journal.Enter(CycleStage.Reading, notes => notes);
        return made;
    }

    private CimPath FindMarked(MachineGroup group, string mark) =>
        WaitFor(() => context.Catalog.RecoveryCheckpoints().Find(settings => settings.Name == mark)
            is MachineSettings part ? groups.WholeOf(part) : null)
        ?? throw new HostException(
            $"The host made a checkpoint of the group '{group.Name}', does not say which, and shows none of the name "
            + "that was asked for.");

    /// <summary>A machine that left the group meanwhile, or one that came to it, makes it another group.</summary>
    private List<(VirtualMachine Machine, MachineSettings Checkpoint)> PartsOf(
        MachineGroup group, IReadOnlyList<VirtualMachine> members, CimPath path)
    {
        List<(VirtualMachine, MachineSettings)> parts = [];
        List<string> ids = [];
        context.Poll(
            () =>
            {
                ids = groups.PartsOf(path);
                parts = [.. from machine in members
                            from settings in context.Catalog.SettingsOf(machine)
                            where settings.IsRecovery && ids.Contains(settings.InstanceId)
                            select (machine, settings)];
                return parts.Count == members.Count && ids.Count == members.Count;
            },
            Polling.ListingPatience);
        bool isWhole = parts.Count == members.Count && ids.Count == members.Count
            && parts.Select(part => part.Item1.Id).Distinct().Count() == members.Count;
        return isWhole
            ? parts
            : throw new HostException(
                $"The checkpoint of the group '{group.Name}' is not of the {members.Count} machines that the group had "
                + "a moment ago; run again.");
    }

    /// <summary>Where the host gave it a name of its own. The notes know it also without ours.</summary>
    private void Mark(MachineSettings part, string mark)
    {
        try
        {
            calls.Rename(part, mark);
        }
        catch (HostException failure)
        {
            context.Environment.Warn($"The checkpoint keeps the host's name: {failure.Message}");
        }
    }

    private T? WaitFor<T>(Func<T?> look)
        where T : class
    {
        T? found = null;
        context.Poll(() => (found = look()) is not null, Polling.ListingPatience);
        return found;
    }
}
