using System.Text.Json;
using HyperVBackup.Hosts.Checkpoints;

namespace HyperVBackup.Hosts.VolumeSnapshots;

/// <summary>The snapshots of volumes that are ours, each noted durably before it is made. Not thread-safe.</summary>
internal sealed class SnapshotNotes : IDisposable
{
    private readonly ICheckpointJournal journal;
    private readonly IVolumeSnapshots volumes;
    private readonly Action<string> warn;
    private readonly List<string> names;

    private SnapshotNotes(ICheckpointJournal journal, IVolumeSnapshots volumes, Action<string> warn)
    {
        (this.journal, this.volumes, this.warn) = (journal, volumes, warn);
        string? text = journal.Read();
        string[]? noted = text is null ? [] : Parse(text);
        if (noted is null)
        {
            warn("What was noted of snapshots of volumes cannot be read: look at the host whether one is left.");
        }

        names = [.. noted ?? []];
    }

    /// <summary>Takes away what earlier batches left.</summary>
    /// <exception cref="HostException">Another batch goes on, or the notes cannot be read.</exception>
    public static SnapshotNotes Open(HostEnvironment environment, string owner, IVolumeSnapshots volumes)
    {
        ICheckpointJournal opened = environment.Journals.Open(owner + "-volumes", Guid.Empty);
        try
        {
            SnapshotNotes notes = new(opened, volumes, environment.Warn);
            notes.DeleteAll();
            return notes;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Makes a snapshot; nothing of one that fails is left.</summary>
    /// <exception cref="HostException">It is not made.</exception>
    public string Create(HostVolume volume)
    {
        string name = volumes.NewName();
        names.Add(name);
        Write();
        try
        {
            volumes.Create(name, volume);
            return name;
        }
        catch (HostException)
        {
            Delete(name);
            throw;
        }
    }

    /// <summary>Takes all away. What cannot be is warned of and stays noted.</summary>
    public void DeleteAll()
    {
        foreach (string name in names.ToList())
        {
            Delete(name);
        }
    }

    public void Dispose() => journal.Dispose();

    private static string[]? Parse(string text)
    {
        try
        {
            string[]? names = JsonSerializer.Deserialize(text, SnapshotNotesJson.Default.StringArray);
            return names is not null && names.All(name => name is not null) ? names : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Delete(string name)
    {
        try
        {
            volumes.Delete(name);
        }
        catch (HostException failure)
        {
            warn($"{failure.Message} The next batch tries again to take the snapshot away.");
            return;
        }

        names.Remove(name);
        Write();
    }

    private void Write() =>
        journal.Write(JsonSerializer.Serialize([.. names], SnapshotNotesJson.Default.StringArray));
}
