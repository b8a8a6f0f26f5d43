using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Imports;

/// <summary>
/// Takes away what an import left, whether it failed just now or was killed long ago, by the notes. Only what is proven
/// to be ours: a planned machine that the notes or the job name, or that came about since and has its configuration in
/// our folder; files that the notes name and no machine of the host has attached. A machine that was realized is the
/// end of the import, and stays. All of it may be done again from the beginning at any time.
/// </summary>
internal sealed class ImportLeftovers(ImportContext context, ImportCalls calls)
{
    /// <summary>Where Hyper-V puts the configuration of a machine that it gives a new id, within its folder.</summary>
    private const string ConfigurationFolder = "Virtual Machines";

    private bool isTold;

    private ImportNotes Notes => context.Journal.Notes;

    /// <summary>The same, which a cancellation leaves some time for.</summary>
    public ImportLeftovers ForCleanUp()
    {
        ImportContext cleaning = context.ForCleanUp();
        return new ImportLeftovers(cleaning, new ImportCalls(cleaning)) { isTold = isTold };
    }

    /// <returns>The machine, where the import had come to its end.</returns>
    /// <exception cref="HostException">Something of ours cannot be taken away; it stays noted.</exception>
    public ImportedMachine? Clear()
    {
        ImportRemains remains = ImportSteps.StepOf(Notes.Stage).Remains;
        if (remains == ImportRemains.None)
        {
            return null;
        }

        WaitForJob();
        PlannedMachine? planned = null;
        ImportedMachine? done = null;
        if (remains.HasFlag(ImportRemains.PlannedMachine))
        {
            context.Poll(
                () =>
                {
                    planned = FindOwn();
                    done = planned is null && remains.HasFlag(ImportRemains.Machine) ? FindRealized() : null;
                    return planned is not null || done is not null;
                },
                Polling.ListingPatience);
        }

        if (done is null && planned is null && remains.HasFlag(ImportRemains.Machine))
        {
            context.Environment.Warn(
                $"Whether an import became a machine that is gone since is not known: the files in '{Notes.Folder}' "
                + "stay.");
        }
        else if (done is null)
        {
            Remove(planned);
        }

        context.Journal.Enter(ImportStage.Idle, _ => new ImportNotes());
        return done;
    }

    /// <summary>As <see cref="Clear"/>, where another failure is being told: what is left is warned of.</summary>
    public ImportedMachine? TryClear()
    {
        try
        {
            return Clear();
        }
        catch (Exception failure) when (failure is HostException or OperationCanceledException)
        {
            context.Environment.Warn($"{failure.Message} The next import takes away what is left.");
            return null;
        }
    }

    /// <summary>The machine that an id names, if it has our disks.</summary>
    public ImportedMachine? FindRealized() =>
        Notes.Planned is Guid id && context.Catalog.FindMachine(id) is VirtualMachine machine && HasOurDisks(machine)
            ? new ImportedMachine(id, machine.Name, Notes.Folder)
            : null;

    /// <summary>The planned machine that is ours; null where none is shown.</summary>
    public PlannedMachine? FindOwn()
    {
        List<PlannedMachine> all = context.Planned();
        if (Notes.Planned is Guid id)
        {
            return all.Find(planned => planned.Id == id);
        }

        CimPath? made = Notes.Job is null ? null : context.Jobs.ResultOf(Job(Notes.Job), ImportContext.PlannedClass);
        List<PlannedMachine> added = [.. all.Where(planned => !Notes.PlannedBefore.Contains(planned.Id))];
        PlannedMachine? own = added.Find(planned => planned.Path.Equals(made)) ?? added.Find(IsInOurFolder);
        if (own is null && added.Count > 0 && !isTold)
        {
            isTold = true;
            context.Environment.Warn(
                $"Of the planned machines {string.Join(", ", added.Select(planned => planned.Id))} one may be left of "
                + "an import of ours; nothing proves it, so they stay.");
        }

        return own;
    }

    private static CimPath Job(string id) => new(HostCatalog.Namespace, HostJobs.JobClass, ("InstanceID", id));

    private void WaitForJob()
    {
        if (Notes.Job is string id && !context.Poll(
            () => !context.Jobs.IsRunning(Job(id)), context.Options.JobPatience))
        {
            throw new HostException("A job of an earlier import still goes on; run again when it is over.");
        }
    }

    private bool IsInOurFolder(PlannedMachine planned) => context.SettingsOf(planned.Id)
        .Exists(settings => IsIn(settings.Files.Definition, Notes.Folder));

    private bool HasOurDisks(VirtualMachine machine)
    {
        List<AttachedDisk> disks = context.Catalog.DisksOf(context.Catalog.LiveSettingsOf(machine));
        return disks.Count > 0 && disks.TrueForAll(disk => Notes.Files.Contains(
            disk.File, StringComparer.OrdinalIgnoreCase));
    }

    private void Remove(PlannedMachine? planned)
    {
        if (planned is not null)
        {
            calls.Destroy(planned);
            if (!context.Poll(() => context.FindPlanned(planned.Id) is null, context.Options.JobPatience))
            {
                throw new HostException("The planned machine is still there after it was removed.");
            }
        }

        RequireUnused();
        IHostFiles files = context.Environment.Files;
        foreach (string file in Notes.Files)
        {
            files.DeleteUnfinished(file);
            files.Delete(file);
        }

        string made = HostPath.Join(Notes.Folder, ConfigurationFolder);
        foreach (Guid id in ((Guid?[])[Notes.Planned, planned?.Id]).OfType<Guid>().Distinct())
        {
            string name = id.ToString("D").ToUpperInvariant();
            foreach (string file in files.FilesLike(HostPath.Join(made, name)))
            {
                files.Delete(file);
            }
        }

        files.DeleteFolder(made);
        files.DeleteFolder(Notes.Folder);
    }

    /// <summary>Whatever the notes say: the images that a machine has attached stay.</summary>
    private void RequireUnused()
    {
        string? used = context.Catalog.AttachedFiles().Find(
            file => Notes.Files.Contains(file, StringComparer.OrdinalIgnoreCase));
        if (used is not null)
        {
            throw new HostException($"'{used}', which an import of ours wrote, is attached to a machine: it stays.");
        }
    }

    private static bool IsIn(string file, string folder) =>
        file.Length > folder.Length + 1
        && file.StartsWith(folder.TrimEnd('\\', '/'), StringComparison.OrdinalIgnoreCase)
        && file[folder.TrimEnd('\\', '/').Length] is '\\' or '/';
}
