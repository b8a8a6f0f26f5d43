using System.Text.Json;

namespace HyperVBackup.Hosts.Probing;

/// <summary>What a machine's disks held before something was done to it. Immutable.</summary>
internal sealed record OperationNotes(IReadOnlyList<NotedDisk> Disks)
{
    public string ToText() => JsonSerializer.Serialize(this, OperationNotesJson.Default.OperationNotes);

    /// <summary>Null where the text is none that <see cref="ToText"/> writes.</summary>
    public static OperationNotes? Parse(string text)
    {
        try
        {
            OperationNotes? notes = JsonSerializer.Deserialize(text, OperationNotesJson.Default.OperationNotes);
            return notes?.Disks is not null && notes.Disks.All(disk => disk is { Identity: not null }
                && disk is { TrackingId: not null, Hashes: not null })
                ? notes
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
