using System.Text.Json;

namespace HyperVBackup.Hosts.Imports;

/// <summary>What is noted of one import. Immutable.</summary>
internal sealed record ImportNotes
{
    public ImportStage Stage { get; init; }

    /// <summary>Where the machine's files go; it was empty or missing.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Their paths.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    public bool AsOriginal { get; init; }

    public string Point { get; init; } = "";

    public string? Name { get; init; }

    /// <summary>The planned machines that were there before, whosever.</summary>
    public IReadOnlyList<Guid> PlannedBefore { get; init; } = [];

    /// <summary>The job that makes the planned machine, or the machine of it.</summary>
    public string? Job { get; init; }

    /// <summary>The planned machine's id, once it is known.</summary>
    public Guid? Planned { get; init; }

    public string ToText() => JsonSerializer.Serialize(this, ImportNotesJson.Default.ImportNotes);

    /// <summary>Null where the text is none that <see cref="ToText"/> writes.</summary>
    public static ImportNotes? Parse(string text)
    {
        try
        {
            ImportNotes? notes = JsonSerializer.Deserialize(text, ImportNotesJson.Default.ImportNotes);
            return notes is { Folder: not null, Files: not null, PlannedBefore: not null }
                && Enum.IsDefined(notes.Stage) && notes.Files.All(file => file is not null)
                ? notes
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
