using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>Makes the recovery checkpoint that is read, and marks it as ours.</summary>
internal sealed class CheckpointMaker(CycleContext context, HostCalls calls, Leftovers cleanUp)
{
    /// <summary>On a host that does not name checkpoints as it is asked to, each try would leave another one that
    /// nothing proves to be ours.</summary>
    private bool MayPileUp => context.Journal.Notes is { Doubtful.Count: > 0, IsNaming: false };

    /// <summary>Application-consistent; crash-consistent only where that failed and is allowed.</summary>
    /// <exception cref="HostException">It cannot be made; nothing of it is left, or it is noted.</exception>
    public (MachineSettings Checkpoint, MachineConsistency Consistency) Make(VirtualMachine machine)
    {
        MachineConsistency consistency = MachineConsistency.Application;
        MachineSettings checkpoint;
        try
        {
            checkpoint = MakeOrClear(machine, consistency);
        }
        catch (HostException failure)
            when (context.Options.AllowCrashConsistent && context.Journal.Notes.Stage == CycleStage.Idle && !MayPileUp)
        {
            context.Environment.Warn(
                $"The backup of '{machine.Name}' is as of a power cut only, which was allowed: {failure.Message}");
            consistency = MachineConsistency.Crash;
            checkpoint = MakeOrClear(machine, consistency);
        }

        bool wasOff = machine.IsOff && context.Catalog.FindMachine(machine.Id) is { IsOff: true };
        return (checkpoint, wasOff ? MachineConsistency.Offline : consistency);
    }

    private MachineSettings MakeOrClear(VirtualMachine machine, MachineConsistency consistency)
    {
        try
        {
            return Make(machine, consistency);
        }
        catch (HostException)
        {
            cleanUp.TryClear(machine); // what went wrong first is what is told
            throw;
        }
    }

    private MachineSettings Make(VirtualMachine machine, MachineConsistency consistency)
    {
        RequireNoPile(machine);
        List<string> before = [.. context.Catalog.SettingsOf(machine)
            .Where(settings => settings.IsRecovery).Select(settings => settings.InstanceId)];
        string mark = OwnMark.New(context.Options.Owner, context.Environment.Randomness).ToString();
        context.Journal.Enter(CycleStage.Creating, notes => new CheckpointNotes
        {
            AskedAt = context.Environment.Waiter.Now,
            Mark = mark,
            CheckpointsBefore = before,
            Held = notes.Held,
            Doubtful = notes.Doubtful,
            IsNaming = notes.IsNaming,
            IsTrackingTried = notes.IsTrackingTried,
            Doubt = notes.Doubt,
        });
        MachineSettings checkpoint = calls.CreateCheckpoint(machine, consistency, mark) is CimPath path
            ? Find(path)
            : FindMarked(machine, mark);
        context.Journal.Enter(CycleStage.Marking, notes => notes with
        {
            Checkpoint = checkpoint.InstanceId,
            IsNaming = checkpoint.Name == mark,
            Job = null,
        });
        Mark(checkpoint, mark);
        context.Journal.Enter(CycleStage.Reading, notes => notes);
        return checkpoint;
    }

    private void RequireNoPile(VirtualMachine machine)
    {
        if (MayPileUp)
        {
            throw new HostException(
                $"The machine '{machine.Name}' has recovery checkpoints that may be left of a backup of ours "
                + $"({string.Join(", ", context.Journal.Notes.Doubtful)}), and no other is made beside them: look at "
                + "them on its host (Get-VMSnapshot -SnapshotType Recovery), and remove what no running backup made, "
                + "or name each of them as ours (--own-checkpoint) or as another program's (--others-checkpoint).");
        }
    }

    private MachineSettings Find(CimPath path)
    {
        MachineSettings? found = null;
        context.Poll(() => (found = context.Catalog.FindSettings(path)) is not null, Polling.ListingPatience);
        return found ?? throw new HostException($"The host made the checkpoint {path}, and does not show it.");
    }

    /// <summary>The only one that is new may be another program's, and ours not be shown yet.</summary>
    private MachineSettings FindMarked(VirtualMachine machine, string mark)
    {
        MachineSettings? found = null;
        context.Poll(
            () => (found = context.Catalog.SettingsOf(machine).Find(
                settings => settings.IsRecovery && settings.Name == mark)) is not null,
            Polling.ListingPatience);
        if (found is null)
        {
            context.Journal.Note(notes => notes with { IsNaming = false });
        }

        return found ?? throw new HostException(
            $"The host made a checkpoint of '{machine.Name}', does not say which, and shows none of the name that was "
            + "asked for.");
    }

    /// <summary>Where the host gave it a name of its own. The notes know it also without ours.</summary>
    private void Mark(MachineSettings checkpoint, string mark)
    {
        if (checkpoint.Name == mark)
        {
            return;
        }

        try
        {
            calls.Rename(checkpoint, mark);
        }
        catch (HostException failure)
        {
            context.Environment.Warn($"The checkpoint keeps the host's name: {failure.Message}");
        }
    }
}
