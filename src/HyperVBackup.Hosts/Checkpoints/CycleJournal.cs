namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>A machine's notes while it is backed up: what changes is durable before anything is done about it.
/// Not thread-safe.</summary>
internal sealed class CycleJournal : IDisposable
{
    private readonly ICheckpointJournal journal;

    /// <param name="warn">Told where the notes cannot be understood: what they named is not known any more.</param>
    public CycleJournal(ICheckpointJournal journal, Action<string> warn)
    {
        this.journal = journal;
        string? text = journal.Read();
        CheckpointNotes? notes = text is null ? new CheckpointNotes() : CheckpointNotes.Parse(text);
        if (notes is null)
        {
            warn("What was noted of this machine's checkpoints cannot be read: look at its host whether one is left.");
        }

        Notes = notes ?? new CheckpointNotes { Doubt = "what was noted of the machine's reference points is damaged" };
    }

    public CheckpointNotes Notes { get; private set; }

    /// <exception cref="HostException">Another backup of the machine has its notes, or they cannot be read.</exception>
    public static CycleJournal Open(
        ICheckpointJournals journals, string owner, Guid machine, Action<string> warn)
    {
        ICheckpointJournal opened = journals.Open(owner, machine);
        try
        {
            return new CycleJournal(opened, warn);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Notes that a step begins.</summary>
    public void Enter(CycleStage stage, Func<CheckpointNotes, CheckpointNotes> change)
    {
        if (!BackupCycle.StepOf(stage).After.Contains(Notes.Stage))
        {
            throw new InvalidOperationException($"The step {stage} cannot follow {Notes.Stage}.");
        }

        Note(notes => change(notes) with { Stage = stage });
    }

    /// <summary>Notes more about the step that goes on.</summary>
    public void Note(Func<CheckpointNotes, CheckpointNotes> change)
    {
        CheckpointNotes changed = change(Notes);
        journal.Write(changed.ToText());
        Notes = changed;
    }

    /// <summary>Notes that all is done and undone; what is held stays noted.</summary>
    public void Rest(IReadOnlyList<HeldPoint> held, string? doubt)
    {
        if (Notes.Stage != CycleStage.Idle || !ReferenceEquals(held, Notes.Held) || doubt != Notes.Doubt)
        {
            Note(notes => new CheckpointNotes
            {
                Held = held,
                Doubtful = notes.Doubtful,
                IsNaming = notes.IsNaming,
                IsTrackingTried = notes.IsTrackingTried,
                Doubt = doubt,
            });
        }
    }

    public void Dispose() => journal.Dispose();
}
