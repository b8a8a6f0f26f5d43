using System.Text.Json;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>What is noted of one machine. Immutable.</summary>
internal sealed record CheckpointNotes
{
    public CycleStage Stage { get; init; }

    /// <summary>When the checkpoint was asked for.</summary>
    public DateTimeOffset AskedAt { get; init; }

    /// <summary>The name that was asked for it, which no other checkpoint has.</summary>
    public string? Mark { get; init; }

    /// <summary>The recovery checkpoints that were there before, whosever.</summary>
    public IReadOnlyList<string> CheckpointsBefore { get; init; } = [];

    /// <summary>The job that makes the checkpoint, or the reference point.</summary>
    public string? Job { get; init; }

    /// <summary>The checkpoint, once it is known.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>The reference points that were there before the checkpoint was converted, whosever.</summary>
    public IReadOnlyList<string> ReferencePointsBefore { get; init; } = [];

    /// <summary>The tracking ids that the checkpoint's disks told of themselves: only ever a sign that a reference
    /// point was made of it.</summary>
    public IReadOnlyList<string> ToldIds { get; init; } = [];

    /// <summary>The reference points of ours, oldest first.</summary>
    public IReadOnlyList<HeldPoint> Held { get; init; } = [];

    /// <summary>Checkpoints that may be left of a backup of ours, or another program's: nothing proves it.</summary>
    public IReadOnlyList<string> Doubtful { get; init; } = [];

    /// <summary>Whether the host gave the latest checkpoint that it showed the name that was asked for it: then one
    /// without such a name is none of ours.</summary>
    public bool IsNaming { get; init; }

    /// <summary>Whether a reference point was tried of a checkpoint whose disks told of no tracking.</summary>
    public bool IsTrackingTried { get; init; }

    /// <summary>Why nothing that the host tracked before is to be believed; null where it is.</summary>
    public string? Doubt { get; init; }

    public string ToText() => JsonSerializer.Serialize(this, CheckpointNotesJson.Default.CheckpointNotes);

    /// <summary>Null where the text is none that <see cref="ToText"/> writes.</summary>
    public static CheckpointNotes? Parse(string text)
    {
        try
        {
            CheckpointNotes? notes = JsonSerializer.Deserialize(text, CheckpointNotesJson.Default.CheckpointNotes);
            return notes is not null && notes.IsWhole() ? notes : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private bool IsWhole() =>
        Enum.IsDefined(Stage) && CheckpointsBefore is not null && ReferencePointsBefore is not null
        && ToldIds is not null && Held is not null && Doubtful is not null
        && Held.All(held => held is { InstanceId: not null, Others: not null, Disks: not null }
            && held.Disks.All(disk => disk is { Identity: not null, TrackingId: not null, File: not null }));
}
