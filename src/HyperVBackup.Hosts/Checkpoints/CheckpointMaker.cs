using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>Makes the recovery checkpoint that is read, and marks it as ours.</summary>
internal sealed class CheckpointMaker(CycleContext context, HostCalls calls, Leftovers leftovers)
{
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
            when (context.Options.AllowCrashConsistent && context.Journal.Notes.Stage == CycleStage.Idle)
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
            leftovers.TryClear(machine); // what went wrong first is what is told
            throw;
        }
    }

    private MachineSettings Make(VirtualMachine machine, MachineConsistency consistency)
    {
        List<string> before = [.. context.Catalog.SettingsOf(machine)
            .Where(settings => settings.IsRecovery).Select(settings => settings.InstanceId)];
        context.Journal.Enter(CycleStage.Creating, notes => new CheckpointNotes
        {
            AskedAt = context.Environment.Waiter.Now,
            CheckpointsBefore = before,
            Held = notes.Held,
            Doubt = notes.Doubt,
        });
        MachineSettings checkpoint = calls.CreateCheckpoint(machine, consistency) is CimPath path
            ? Find(path)
            : FindNew(machine, before);
        context.Journal.Enter(CycleStage.Marking, notes => notes with
        {
            Checkpoint = checkpoint.InstanceId,
            Job = null,
        });
        Mark(checkpoint);
        context.Journal.Enter(CycleStage.Reading, notes => notes);
        return checkpoint;
    }

    private MachineSettings Find(CimPath path)
    {
        MachineSettings? found = null;
        context.Poll(() => (found = context.Catalog.FindSettings(path)) is not null, CycleContext.ListingPatience);
        return found ?? throw new HostException($"The host made the checkpoint {path}, and does not show it.");
    }

    private MachineSettings FindNew(VirtualMachine machine, List<string> before)
    {
        List<MachineSettings> found = [];
        context.Poll(
            () => (found = [.. context.Catalog.SettingsOf(machine)
                .Where(settings => settings.IsRecovery && !before.Contains(settings.InstanceId))]).Count > 0,
            CycleContext.ListingPatience);
        return found.Count == 1
            ? found[0]
            : throw new HostException(
                $"The host made a checkpoint of '{machine.Name}', and shows {found.Count} that are new.");
    }

    /// <summary>The notes know it also without a name.</summary>
    private void Mark(MachineSettings checkpoint)
    {
        try
        {
            calls.Rename(
                checkpoint, OwnMark.New(context.Options.Owner, context.Environment.Randomness).ToString());
        }
        catch (HostException failure)
        {
            context.Environment.Warn($"The checkpoint keeps the host's name: {failure.Message}");
        }
    }
}
