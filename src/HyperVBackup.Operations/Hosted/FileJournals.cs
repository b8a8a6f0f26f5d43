using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Checkpoints;

namespace HyperVBackup.Operations.Hosted;

/// <summary>Keeps what is noted of machines' checkpoints as files in the host's state folder.</summary>
/// <param name="folder">Made where it is not there. One for each host: hosts may not share it.</param>
public sealed class FileJournals(string folder) : ICheckpointJournals
{
    public ICheckpointJournal Open(string owner, Guid machine)
    {
        string path = Path.Join(folder, $"{owner}-{machine:D}");
        try
        {
            Directory.CreateDirectory(folder);
            // Who has it open has the notes; the system closes it for a process that was killed.
            FileStream held = new(
                path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            return new FileJournal(path, held);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HostException(
                $"The notes '{path}' cannot be opened; if another backup of the machine goes on, wait until it ends: "
                + failure.Message,
                0,
                failure);
        }
    }
}
