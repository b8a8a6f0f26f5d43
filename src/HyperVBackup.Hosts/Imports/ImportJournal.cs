using HyperVBackup.Hosts.Checkpoints;

namespace HyperVBackup.Hosts.Imports;

/// <summary>The notes of the imports of one machine: what changes is durable before anything is done about it.
/// Not thread-safe.</summary>
internal sealed class ImportJournal : IDisposable
{
    private readonly ICheckpointJournal journal;

    /// <param name="warn">Told where the notes cannot be understood.</param>
    public ImportJournal(ICheckpointJournal journal, Action<string> warn)
    {
        this.journal = journal;
        string? text = journal.Read();
        ImportNotes? notes = text is null ? new ImportNotes() : ImportNotes.Parse(text);
        if (notes is null)
        {
            warn("What was noted of an import of this machine cannot be read: look at its host whether a planned "
                + "machine, or files of it, are left.");
        }

        Notes = notes ?? new ImportNotes();
    }

    public ImportNotes Notes { get; private set; }

    /// <exception cref="HostException">Another import of the machine has its notes, or they cannot be read.</exception>
    public static ImportJournal Open(HostEnvironment environment, ImportOptions options)
    {
        ICheckpointJournal opened = environment.Journals.Open(options.Owner + "-import", options.Machine);
        try
        {
            return new ImportJournal(opened, environment.Warn);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Notes that a step begins.</summary>
    public void Enter(ImportStage stage, Func<ImportNotes, ImportNotes> change)
    {
        if (!ImportSteps.StepOf(stage).After.Contains(Notes.Stage))
        {
            throw new InvalidOperationException($"The step {stage} cannot follow {Notes.Stage}.");
        }

        Note(notes => change(notes) with { Stage = stage, Job = null });
    }

    /// <summary>Notes more about the step that goes on.</summary>
    public void Note(Func<ImportNotes, ImportNotes> change)
    {
        ImportNotes changed = change(Notes);
        journal.Write(changed.ToText());
        Notes = changed;
    }

    public void Dispose() => journal.Dispose();
}
