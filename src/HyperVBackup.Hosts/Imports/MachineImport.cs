using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Imports;

/// <summary>
/// Brings a restored machine to a host: what an import before left is taken away, then the machine's files are written
/// by the caller, then the host plans a machine of them, gets the restored disks attached to it, and realizes it.
/// Disposed before it is registered, it takes its files away again. No other machine is touched. Not thread-safe.
/// </summary>
public sealed class MachineImport : IDisposable
{
    private readonly ImportContext context;
    private readonly ImportCalls calls;
    private readonly ImportLeftovers leftovers;

    private MachineImport(ImportContext context)
    {
        this.context = context;
        calls = new ImportCalls(context);
        leftovers = new ImportLeftovers(context, calls);
    }

    /// <summary>The machine, where an import before, into the same folder and as the same, had come to its end and was
    /// killed before it could say so: there is nothing left to do.</summary>
    public ImportedMachine? Finished { get; private set; }

    /// <summary>Clears what was left, and notes that files are about to be written.</summary>
    /// <param name="files">Their names in the folder; all that are going to be written.</param>
    /// <exception cref="HostException">The machine is there already, the folder is not empty, another import of it goes
    /// on, or what was left cannot be taken away.</exception>
    public static MachineImport Begin(
        ImportOptions options, HostEnvironment environment, IReadOnlyList<string> files)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(environment);
        MachineImport import = new(new ImportContext(options, environment, ImportJournal.Open(environment, options)));
        try
        {
            import.Begin(files);
            return import;
        }
        catch
        {
            import.context.Journal.Dispose();
            throw;
        }
    }

    /// <summary>Once all files are written: makes the machine.</summary>
    /// <param name="disks">The restored images, by the disk's name in the restore point.</param>
    /// <exception cref="HostException">It cannot be made; nothing of it is left, or it is noted.</exception>
    public ImportedMachine Register(MachineManifest manifest, IReadOnlyDictionary<string, string> disks)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(disks);
        try
        {
            ImportedMachine made = Make(manifest, disks);
            context.Journal.Enter(ImportStage.Idle, _ => new ImportNotes());
            return made;
        }
        catch (HostException failure)
        {
            // It may have done what it says it failed at.
            if (leftovers.ForCleanUp().TryClear() is not ImportedMachine made)
            {
                throw;
            }

            context.Environment.Warn($"{failure.Message} {IsThere(made)}");
            return made;
        }
    }

    public void Dispose()
    {
        try
        {
            if (leftovers.ForCleanUp().TryClear() is ImportedMachine made)
            {
                context.Environment.Warn(IsThere(made));
            }
        }
        finally
        {
            context.Journal.Dispose();
        }
    }

    private static string IsThere(ImportedMachine made) =>
        $"The machine '{made.Name}' ({made.Id}) is there all the same, in '{made.Folder}'.";

    private static HostException IsThere(Guid machine) =>
        new($"The machine {machine} is on this host: import a new one beside it, or remove it first.");

    private void Begin(IReadOnlyList<string> files)
    {
        ImportOptions options = context.Options;
        ImportNotes left = context.Journal.Notes;
        bool isSame = left.Folder == options.Folder && left.AsOriginal == options.AsOriginal
            && left.Point == options.Point && left.Name == options.Name;
        if (leftovers.Clear() is ImportedMachine done)
        {
            context.Environment.Warn(
                $"An import before, into '{done.Folder}', had come to its end: the machine '{done.Name}' "
                + $"({done.Id}) is there.");
            Finished = isSame ? done : null;
        }

        if (Finished is not null)
        {
            return;
        }

        RequireOriginalGone();
        RequireNotPlanned();
        if (!context.Environment.Files.IsEmptyFolder(options.Folder))
        {
            throw new HostException($"'{options.Folder}' is not empty: name a folder for this machine alone.");
        }

        context.Journal.Enter(ImportStage.Writing, _ => new ImportNotes
        {
            Folder = options.Folder,
            Files = [.. files.Select(file => HostPath.Join(options.Folder, file))],
            AsOriginal = options.AsOriginal,
            Point = options.Point,
            Name = options.Name,
        });
    }

    /// <summary>Asked again before each step that names the machine by its id: it may have come back meanwhile, and
    /// what is meant for the new one is not to be done to it.</summary>
    private void RequireOriginalGone()
    {
        if (context.Options.AsOriginal && context.Catalog.FindMachine(context.Options.Machine) is not null)
        {
            throw IsThere(context.Options.Machine);
        }
    }

    private void RequireNotPlanned()
    {
        if (context.Options.AsOriginal && context.FindPlanned(context.Options.Machine) is not null)
        {
            throw IsThere(context.Options.Machine);
        }
    }

    private ImportedMachine Make(MachineManifest manifest, IReadOnlyDictionary<string, string> disks)
    {
        List<Guid> before = [.. context.Planned().Select(planned => planned.Id)];
        context.Journal.Enter(ImportStage.Importing, notes => notes with { PlannedBefore = before });
        RequireOriginalGone();
        RequireNotPlanned();
        CimPath? told = calls.Import(HostPath.Join(context.Options.Folder, manifest.Definition));
        PlannedMachine planned = FindPlanned(told);
        context.Journal.Enter(ImportStage.Attaching, notes => notes with { Planned = planned.Id });
        RequireOriginalGone();
        Attach(planned, manifest, disks);
        calls.Validate(planned);
        context.Journal.Enter(ImportStage.Realizing, notes => notes);
        calls.Realize(planned);
        ImportedMachine? made = null;
        context.Poll(() => (made = leftovers.FindRealized()) is not null, Polling.ListingPatience);
        return made ?? throw new HostException("The host says that it made the machine, and does not show it.");
    }

    private PlannedMachine FindPlanned(CimPath? told)
    {
        PlannedMachine? found = null;
        context.Poll(
            () => (found = told is null
                ? leftovers.FindOwn()
                : context.Planned().Find(planned => planned.Path.Equals(told))) is not null,
            Polling.ListingPatience);
        if (found is null)
        {
            throw new HostException("The host says that it planned a machine, and does not show it.");
        }

        bool isRight = context.Options.AsOriginal == (found.Id == context.Options.Machine);
        return isRight ? found : throw new HostException($"The host planned the machine as {found.Id}.");
    }

    private void Attach(PlannedMachine planned, MachineManifest manifest, IReadOnlyDictionary<string, string> disks)
    {
        List<MachineSettings> all = context.SettingsOf(planned.Id);
        MachineSettings settings = all.Find(found => found.IsPlanned)
            ?? throw new HostException("The planned machine has no settings.");
        foreach (MachineSettings missing in all.Where(found => found.IsMissing))
        {
            calls.Forget(missing);
        }

        calls.Settle(settings);
        calls.Attach(DiskPlaces.Match(context.Catalog.DisksOf(settings), manifest, disks));
        foreach (AttachedDisk attached in context.Catalog.DisksOf(settings))
        {
            if (!disks.Values.Contains(attached.File, StringComparer.OrdinalIgnoreCase))
            {
                throw new HostException(
                    $"The host still attaches '{attached.File}' to the planned machine, not the restored disk.");
            }
        }
    }
}
