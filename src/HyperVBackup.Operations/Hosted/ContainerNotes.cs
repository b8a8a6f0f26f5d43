using System.Security.Cryptography;
using System.Text;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Containers;
using HyperVBackup.Storage;

namespace HyperVBackup.Operations.Hosted;

/// <summary>Keeps which machines containers have, between one inventory and the next, as files in the host's state
/// folder.</summary>
/// <param name="folder">Made where it is not there.</param>
public sealed class ContainerNotes(string folder)
{
    private const int FileBytesMax = 256 << 20;
    private const int DigestChars = 32;

    /// <summary>None where nothing was kept yet; null where what was kept cannot be understood.</summary>
    /// <exception cref="HostException">It cannot be read.</exception>
    public ContainerMembers? Read(MachineContainer container)
    {
        string path = PathOf(container);
        try
        {
            return File.Exists(path)
                ? ContainerMembers.Parse(Encoding.UTF8.GetString(ReplaceableFile.Read(path, FileBytesMax)))
                : ContainerMembers.None;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HostException($"The notes '{path}' cannot be read: {failure.Message}", 0, failure);
        }
    }

    /// <summary>Puts others in their place, whole and durable.</summary>
    /// <exception cref="HostException">They cannot be written.</exception>
    public void Write(MachineContainer container, ContainerMembers members)
    {
        ArgumentNullException.ThrowIfNull(members);
        string path = PathOf(container);
        try
        {
            Directory.CreateDirectory(folder);
            DurableFile.RemoveLeftovers(path);
            using DurableFile file = DurableFile.Create(path);
            RandomAccess.Write(file.Handle, Encoding.UTF8.GetBytes(members.ToText()), 0);
            file.PublishReplacing();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or StoreException)
        {
            throw new HostException($"The notes '{path}' cannot be written: {failure.Message}", 0, failure);
        }
    }

    /// <summary>Paths and names of hosts are the same in whatever case.</summary>
    private string PathOf(MachineContainer container)
    {
        ArgumentNullException.ThrowIfNull(container);
        string text = $"{container.Kind} {container.Name.TrimEnd('\\', '/').ToUpperInvariant()}";
        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        return Path.Join(folder, digest[..DigestChars]);
    }
}
