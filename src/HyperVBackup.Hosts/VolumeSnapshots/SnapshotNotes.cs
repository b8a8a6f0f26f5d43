using System.Text.Json;
using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Vss;

namespace HyperVBackup.Hosts.VolumeSnapshots;

/// <summary>The snapshots of volumes that are ours, each noted durably before it is made. Not thread-safe.</summary>
internal sealed class SnapshotNotes : IDisposable
{
    /// <summary>For all volumes of a batch together: its checkpoints grow meanwhile.</summary>
    private static readonly TimeSpan BusyPatience = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(15);

    private readonly ICheckpointJournal journal;
    private readonly IVolumeSnapshots volumes;
    private readonly Action<string> warn;
    private readonly IWaiter waiter;
    private readonly List<string> names;
    private DateTimeOffset? busyUntil;

    private SnapshotNotes(ICheckpointJournal journal, IVolumeSnapshots volumes, HostEnvironment environment)
    {
        (this.journal, this.volumes, warn, waiter) = (journal, volumes, environment.Warn, environment.Waiter);
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
            SnapshotNotes notes = new(opened, volumes, environment);
            notes.DeleteAll();
            return notes;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Makes a snapshot; nothing of one that fails is left. Where another backup has the volume, waits for it
    /// a while.</summary>
    /// <exception cref="HostException">It is not made.</exception>
    public string Create(HostVolume volume)
    {
        busyUntil ??= waiter.Now + BusyPatience;
        while (true)
        {
            try
            {
                return TryCreate(volume);
            }
            catch (HostException failure) when (VssFailures.IsBusy(failure.Code) && waiter.Now < busyUntil)
            {
                waiter.Wait(BusyPause);
            }
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

    private string TryCreate(HostVolume volume)
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

    private void Delete(string name)
    {
        try
        {
            volumes.Delete(name);
            names.Remove(name);
            Write();
        }
        catch (Exception failure) when (failure is HostException or IOException or UnauthorizedAccessException)
        {
            warn($"{failure.Message} The next batch tries again to take the snapshot away.");
        }
    }

    private void Write() =>
        journal.Write(JsonSerializer.Serialize([.. names], SnapshotNotesJson.Default.StringArray));
}
