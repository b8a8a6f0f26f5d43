namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>The notes of one machine. One thread at a time.</summary>
public interface ICheckpointJournal : IDisposable
{
    /// <summary>The notes as last written; null where there are none.</summary>
    /// <exception cref="HostException">They cannot be read.</exception>
    string? Read();

    /// <summary>Puts others in their place, whole or not at all; durable once it returns.</summary>
    /// <exception cref="HostException">They cannot be written; the old ones are there, or the new ones.</exception>
    void Write(string text);
}
