using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Groups;

/// <summary>Takes away the checkpoint that a backup of a group left on the host, whether it failed just now or was
/// killed long ago, by the notes. Only what is proven to be ours: what the notes name, what the job made that they
/// name, and what has the name that was asked for, which no other checkpoint has. It is looked for in all machines: one
/// may have left the group. All of it may be done again from the beginning at any time.</summary>
internal sealed class GroupLeftovers(
    CycleContext context, HostCalls calls, GroupCatalog groups, MachineGroup group)
{
    /// <summary>A checkpoint that came about earlier than this before ours was asked for is somebody else's.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    private CheckpointNotes Notes => context.Journal.Notes;

    /// <summary>The same, which a cancellation leaves some time for.</summary>
    public GroupLeftovers ForCleanUp()
    {
        CycleContext cleaning = context.ForCleanUp();
        return new GroupLeftovers(cleaning, new HostCalls(cleaning), groups, group);
    }

    /// <summary>Undoes what the notes say may have been begun.</summary>
    /// <exception cref="HostException">Something of ours cannot be taken away; it stays noted.</exception>
    public void Clear()
    {
        Remains undo = BackupCycle.StepOf(Notes.Stage).Undo;
        if (undo == Remains.None && Notes.Doubtful.Count == 0)
        {
            return;
        }

        bool isUnnoted = Notes.Stage == CycleStage.Creating && Notes.Job is null;
        Leftovers.WaitForJob(context, isUnnoted ? groups.MembersOf(group) : []);
        (CimPath? whole, List<MachineSettings> parts) = FindOwn(undo);
        if (whole is null && parts.Count == 0)
        {
            DoubtOthers(undo);
        }
        else
        {
            Remove(whole, parts);
        }

        context.Journal.Rest(Notes.Held, Notes.Doubt);
    }

    /// <summary>As <see cref="Clear"/>, where another failure is being told: what is left is warned of.</summary>
    public void TryClear()
    {
        try
        {
            Clear();
        }
        catch (Exception failure) when (failure is HostException or OperationCanceledException)
        {
            context.Environment.Warn($"{failure.Message} The next backup takes away what is left.");
        }
    }

    /// <summary>What was made just before a kill may not be listed yet.</summary>
    private (CimPath? Whole, List<MachineSettings> Parts) FindOwn(Remains undo)
    {
        CimPath? whole = null;
        List<MachineSettings> parts = [];
        context.Poll(
            () =>
            {
                List<MachineSettings> all = context.Catalog.RecoveryCheckpoints();
                parts = [.. all.Where(settings => settings.Name == Notes.Mark
                    || context.Options.OwnCheckpoints.Contains(settings.InstanceId))];
                whole = (Notes.Checkpoint is string id ? groups.FindCheckpoint(id) : MadeByJob())
                    ?? parts.Select(groups.WholeOf).OfType<CimPath>().FirstOrDefault();
                List<string> ids = whole is null ? [] : groups.PartsOf(whole);
                parts = [.. parts.Union(all.Where(settings => ids.Contains(settings.InstanceId)))];
                return whole is not null || parts.Count > 0 || undo == Remains.None || Notes.Checkpoint is not null;
            },
            Polling.ListingPatience);
        return (whole, parts);
    }

    /// <summary>What the noted job made; null once the host has forgotten it, minutes after it ended.</summary>
    private CimPath? MadeByJob() => Notes.Job is string id
        ? context.Jobs.ResultOf(
            new CimPath(HostCatalog.Namespace, HostJobs.JobClass, ("InstanceID", id)), GroupCatalog.CheckpointClass)
        : null;

    private void Remove(CimPath? whole, List<MachineSettings> parts)
    {
        context.Journal.Enter(CycleStage.Removing, notes => notes with
        {
            Checkpoint = (whole is null ? null : groups.IdOf(whole)) ?? notes.Checkpoint,
            Job = null,
        });
        if (whole is not null)
        {
            calls.DestroyGroupCheckpoint(whole);
        }

        bool AreGone() => parts.TrueForAll(part => context.Catalog.FindSettings(part.Path) is null);
        if (whole is null || !context.Poll(AreGone, Polling.ListingPatience))
        {
            foreach (MachineSettings part in parts.Where(part => context.Catalog.FindSettings(part.Path) is not null))
            {
                calls.DestroyCheckpoint(part);
            }
        }

        if (!context.Poll(AreGone, context.Options.JobPatience))
        {
            throw new HostException("The checkpoint of a group is still there after it was removed.");
        }
    }

    /// <summary>A kill between a call and its answer leaves checkpoints that, on a host which does not name them as it
    /// was asked to, nothing marks. They stay, are told at each backup, and no others are made beside them.</summary>
    private void DoubtOthers(Remains undo)
    {
        bool isUnknown = undo.HasFlag(Remains.Checkpoint) && Notes.Checkpoint is null;
        List<MachineSettings> doubtful = [.. context.Catalog.RecoveryCheckpoints().Where(
            settings => !context.Options.OthersCheckpoints.Contains(settings.InstanceId)
                && (Notes.Doubtful.Contains(settings.InstanceId)
                    || (isUnknown && IsSince(settings) && groups.WholeOf(settings) is not null)))];
        context.Journal.Note(notes => notes with { Doubtful = [.. doubtful.Select(settings => settings.InstanceId)] });
        if (doubtful.Count > 0)
        {
            context.Journal.Rest(Notes.Held, Notes.Doubt);
            throw new HostException(
                "Recovery checkpoints of a group may be left of a backup of ours that was killed, or be another "
                + $"program's ({string.Join(", ", Notes.Doubtful)}), and no others are made beside them: look at them "
                + "on the host, and remove what no running backup made, or name each as ours or as another program's.");
        }
    }

    private bool IsSince(MachineSettings settings) =>
        !Notes.CheckpointsBefore.Contains(settings.InstanceId)
        && !(settings.Created < Notes.AskedAt - ClockTolerance);
}
