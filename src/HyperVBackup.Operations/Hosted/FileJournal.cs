using System.Text;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Storage;

namespace HyperVBackup.Operations.Hosted;

/// <summary>The notes of one machine in a file, beside one that is open as long as they are.</summary>
internal sealed class FileJournal(string path, FileStream held) : ICheckpointJournal
{
    public string? Read()
    {
        try
        {
            DurableFile.RemoveLeftovers(path);
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or StoreException)
        {
            throw new HostException($"The notes '{path}' cannot be read: {failure.Message}", 0, failure);
        }
    }

    public void Write(string text)
    {
        try
        {
            using DurableFile file = DurableFile.Create(path);
            RandomAccess.Write(file.Handle, Encoding.UTF8.GetBytes(text), 0);
            file.PublishReplacing();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or StoreException)
        {
            throw new HostException($"The notes '{path}' cannot be written: {failure.Message}", 0, failure);
        }
    }

    public void Dispose() => held.Dispose();
}
