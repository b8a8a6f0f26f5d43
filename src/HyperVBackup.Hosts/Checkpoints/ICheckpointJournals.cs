namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>Keeps what is noted of the checkpoints of each machine; survives the process and a power loss.</summary>
public interface ICheckpointJournals
{
    /// <summary>Opens the notes of a machine for one backup: no other one of the host gets them until it is disposed,
    /// or its process is gone.</summary>
    /// <exception cref="HostException">Another backup has them, or they cannot be opened.</exception>
    ICheckpointJournal Open(string owner, Guid machine);
}
