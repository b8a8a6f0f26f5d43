using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>
/// Takes away what a backup of ours left on the host, whether it failed just now or was killed long ago, by the notes.
/// Only what is proven to be ours: checkpoints that the notes, their own names, the job that made them or a person say
/// are; reference points that the notes name, and the one that was made of our checkpoint. What came about since and
/// may be ours or another program's stays, and is told at every backup until it is gone. All of it may be done again
/// from the beginning at any time.
/// </summary>
internal sealed class Leftovers(CycleContext context, HostCalls calls)
{
    /// <summary>A checkpoint that came about earlier than this before ours was asked for is somebody else's.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    private CheckpointNotes Notes => context.Journal.Notes;

    /// <summary>The same, which a cancellation leaves some time for.</summary>
    public Leftovers ForCleanUp()
    {
        CycleContext cleaning = context.ForCleanUp();
        return new Leftovers(cleaning, new HostCalls(cleaning));
    }

    /// <summary>Undoes what the notes say may have been begun.</summary>
    /// <exception cref="HostException">Something of ours cannot be taken away; it stays noted.</exception>
    public void Clear(VirtualMachine machine)
    {
        RequireHere(machine);
        Remains undo = BackupCycle.StepOf(Notes.Stage).Undo;
        WaitForJob(context, [machine]);
        List<MachineSettings> own = FindOwn(machine, undo);
        DoubtOthers(machine, own, undo);
        bool wasConverted = undo.HasFlag(Remains.ReferencePoint) && Notes.Checkpoint is string checkpoint
            && !own.Exists(settings => settings.InstanceId == checkpoint);
        if (wasConverted)
        {
            DestroyConverted(machine);
        }

        foreach (MachineSettings settings in own)
        {
            Remove(machine, settings);
        }

        context.Journal.Rest(Notes.Held, Notes.Doubt);
    }

    /// <summary>As <see cref="Clear"/>, where another failure is being told: what is left is warned of.</summary>
    public void TryClear(VirtualMachine machine)
    {
        try
        {
            Clear(machine);
        }
        catch (Exception failure) when (failure is HostException or OperationCanceledException)
        {
            context.Environment.Warn($"{failure.Message} The next backup takes away what is left.");
        }
    }

    /// <summary>Of the reference points that are held, keeps the newest that a restore point follows.</summary>
    public void KeepNewest(VirtualMachine machine)
    {
        Keep(machine, NewestOfUse());
    }

    /// <summary>The newest that a restore point follows; otherwise the one with which the host began to track, so that
    /// it goes on; null where there is none, or nothing held is to be believed.</summary>
    public HeldPoint? NewestOfUse()
    {
        // What was held before the host began to track anew knows nothing of the time between.
        IEnumerable<HeldPoint> since = Enumerable.Reverse(Notes.Held).TakeWhile(held => !held.IsBeginning);
        return Notes.Doubt is null
            ? since.FirstOrDefault(held => held.IsRecorded(context.Environment.IsRecorded))
                ?? Notes.Held.LastOrDefault(held => held.IsBeginning)
            : null;
    }

    /// <summary>Destroys all reference points that are held but one. What cannot be destroyed stays noted.</summary>
    public void Keep(VirtualMachine machine, HeldPoint? keep)
    {
        if (Notes.Held.All(held => held == keep))
        {
            context.Journal.Rest(Notes.Held, Notes.Doubt);
            return;
        }

        List<ReferencePoint> listed = context.Catalog.ReferencePointsOf(machine);
        RequireHere(machine);
        List<HeldPoint> left = [];
        foreach (HeldPoint held in Notes.Held)
        {
            ReferencePoint? point = listed.Find(candidate => candidate.InstanceId == held.InstanceId);
            bool isLeft = held == keep
                || (held.IsCheckpoint ? !TryRemove(machine, held) : point is not null && !TryDestroy(point));
            if (isLeft)
            {
                left.Add(held);
            }
        }

        context.Journal.Rest(left, Notes.Doubt);
    }

    /// <summary>Of a machine that is on another host nothing is listed, and everything may be there.</summary>
    private void RequireHere(VirtualMachine machine)
    {
        if (context.Catalog.FindMachine(machine.Id) is null)
        {
            throw new HostException($"The machine '{machine.Name}' is not on this host any more.");
        }
    }

    /// <summary>Waits for what an earlier backup began with machines.</summary>
    /// <exception cref="HostException">It takes too long.</exception>
    internal static void WaitForJob(CycleContext context, IReadOnlyList<VirtualMachine> machines)
    {
        if (!context.Poll(() => !IsJobRunning(context, machines), context.Options.JobPatience))
        {
            throw new HostException("A job of an earlier backup still goes on; run again when it is over.");
        }
    }

    /// <summary>Where a call was made, and what it began could not be noted any more, any job of the machines may be
    /// it: what is there before its end is not what it leaves.</summary>
    private static bool IsJobRunning(CycleContext context, IReadOnlyList<VirtualMachine> machines) =>
        context.Journal.Notes.Job is string id
            ? context.Jobs.IsRunning(new CimPath(HostCatalog.Namespace, HostJobs.JobClass, ("InstanceID", id)))
            : context.Journal.Notes.Stage is CycleStage.Creating or CycleStage.Converting
                && machines.Any(machine => context.Jobs.IsAnyRunning(machine.Path));

    /// <summary>What was made just before a kill may not be listed yet.</summary>
    private List<MachineSettings> FindOwn(VirtualMachine machine, Remains undo)
    {
        List<MachineSettings> own = [];
        bool Look()
        {
            CimPath? made = MadeByJob(HostCatalog.SettingsClass);
            own = [.. context.Catalog.SettingsOf(machine).Where(
                settings => settings.InstanceId == Notes.Checkpoint
                    || (settings.IsRecovery && (IsNamedOurs(settings) || settings.Path.Equals(made))))];
            return own.Count > 0 || undo == Remains.None
                || (undo.HasFlag(Remains.ReferencePoint) && OwnOf(NewReferencePoints(machine)).Count > 0);
        }

        context.Poll(Look, Polling.ListingPatience);
        return own;
    }

    private bool IsNamedOurs(MachineSettings settings) =>
        !Notes.Held.Any(held => held.InstanceId == settings.InstanceId)
        && (OwnMark.IsOf(context.Options.Owner, settings.Name)
            || context.Options.OwnCheckpoints.Contains(settings.InstanceId));

    /// <summary>What the noted job made; null once the host has forgotten it, minutes after it ended.</summary>
    private CimPath? MadeByJob(string resultClass) => Notes.Job is string id
        ? context.Jobs.ResultOf(
            new CimPath(HostCatalog.Namespace, HostJobs.JobClass, ("InstanceID", id)), resultClass)
        : null;

    /// <summary>A kill between a call and its answer leaves a checkpoint that, on a host which does not name it as it
    /// was asked to, nothing marks. Taking another program's for it would end that program's backup.</summary>
    private void DoubtOthers(VirtualMachine machine, List<MachineSettings> own, Remains undo)
    {
        bool isUnknown = undo.HasFlag(Remains.Checkpoint) && Notes.Checkpoint is null && own.Count == 0;
        if (!isUnknown && Notes.Doubtful.Count == 0)
        {
            return;
        }

        List<MachineSettings> doubtful = [.. context.Catalog.SettingsOf(machine).Where(
            settings => settings.IsRecovery && !Notes.Held.Any(held => held.InstanceId == settings.InstanceId)
                && !own.Exists(ours => ours.InstanceId == settings.InstanceId)
                && !context.Options.OthersCheckpoints.Contains(settings.InstanceId)
                && (Notes.Doubtful.Contains(settings.InstanceId) || (isUnknown && IsSince(settings))))];
        foreach (MachineSettings settings in doubtful.Where(settings => context.Told.Add(settings.InstanceId)))
        {
            context.Environment.Warn(
                $"The recovery checkpoint '{settings.Name}' ({settings.InstanceId}) of {settings.Created:u} may be "
                + "left of a backup of ours that was killed, or be another program's; as nothing proves which, it "
                + "stays. If nothing else is backing the machine up, remove it or name it as ours.");
        }

        context.Journal.Note(notes => notes with { Doubtful = [.. doubtful.Select(settings => settings.InstanceId)] });
    }

    private bool IsSince(MachineSettings settings) =>
        !Notes.CheckpointsBefore.Contains(settings.InstanceId)
        && !(settings.Created < Notes.AskedAt - ClockTolerance);

    private List<ReferencePoint> NewReferencePoints(VirtualMachine machine) =>
        [.. context.Catalog.ReferencePointsOf(machine)
            .Where(point => !Notes.ReferencePointsBefore.Contains(point.InstanceId))];

    /// <summary>The checkpoint is gone, so that it was converted: others may have made reference points too.</summary>
    private void DestroyConverted(VirtualMachine machine)
    {
        List<ReferencePoint> added = NewReferencePoints(machine);
        List<ReferencePoint> ours = OwnOf(added);
        if (ours.Count == 1)
        {
            calls.DestroyReferencePoint(ours[0]);
        }
        else if (added.Count > 0)
        {
            context.Environment.Warn(
                $"One of the reference points {string.Join(", ", added.Select(point => point.InstanceId))} may be left "
                + "of a backup of ours that was killed.");
        }
    }

    private List<ReferencePoint> OwnOf(List<ReferencePoint> added)
    {
        CimPath? made = MadeByJob(HostCatalog.ReferencePointClass);
        return [.. added.Where(
            point => point.Path.Equals(made) || point.TrackingIds.Intersect(Notes.ToldIds).Any())];
    }

    private void Remove(VirtualMachine machine, MachineSettings checkpoint)
    {
        context.Journal.Enter(CycleStage.Removing, notes => notes with
        {
            Checkpoint = checkpoint.InstanceId,
            Job = null,
        });
        try
        {
            calls.DestroyCheckpoint(checkpoint);
        }
        catch (HostException failure) when (context.Catalog.FindSettings(checkpoint.Path) is not null)
        {
            RemoveByConversion(machine, checkpoint, failure);
        }

        if (!context.Poll(
            () => context.Catalog.FindSettings(checkpoint.Path) is null, context.Options.JobPatience))
        {
            throw new HostException($"The checkpoint '{checkpoint.Name}' is still there after it was removed.");
        }
    }

    /// <summary>Some hosts refuse to remove recovery checkpoints; all convert them.</summary>
    private void RemoveByConversion(VirtualMachine machine, MachineSettings checkpoint, HostException refusal)
    {
        try
        {
            ReferencePoint made = new Conversion(context, calls).Run(machine, checkpoint, ToldBy(checkpoint));
            calls.DestroyReferencePoint(made);
        }
        catch (HostException failure)
        {
            throw new HostException($"{refusal.Message} {failure.Message}", failure.Code, failure);
        }
    }

    /// <summary>What the checkpoint's disks tell of themselves; nothing of those that cannot be asked.</summary>
    private List<string> ToldBy(MachineSettings checkpoint)
    {
        List<string> told = [];
        foreach (AttachedDisk attached in context.Catalog.DisksOf(checkpoint))
        {
            try
            {
                VirtualDiskFacts facts = context.Environment.Disks.Look(attached.File);
                told.AddRange(facts.MostRecentId is { Length: > 0 } id ? [id] : []);
            }
            catch (HostException failure)
            {
                context.Environment.Warn(failure.Message);
            }
        }

        return told;
    }

    private bool TryRemove(VirtualMachine machine, HeldPoint kept)
    {
        try
        {
            if (context.Catalog.SettingsOf(machine).Find(found => found.InstanceId == kept.InstanceId)
                is MachineSettings settings)
            {
                Remove(machine, settings);
            }

            return true;
        }
        catch (HostException failure)
        {
            context.Environment.Warn($"{failure.Message} The next backup tries again.");
            return false;
        }
    }

    private bool TryDestroy(ReferencePoint point)
    {
        try
        {
            calls.DestroyReferencePoint(point);
            return true;
        }
        catch (HostException failure)
        {
            context.Environment.Warn($"{failure.Message} The next backup tries again.");
            return false;
        }
    }
}
