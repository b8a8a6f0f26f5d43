using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>Opens copies of a checkpoint's disks.</summary>
internal sealed class DiskCopies(CycleContext context)
{
    /// <exception cref="HostException">It cannot be opened, or is of another disk.</exception>
    public IVirtualDisk Open(FrozenDisk original, string path)
    {
        IVirtualDisk copy = context.Environment.Disks.Open(path);
        try
        {
            VirtualDiskFacts facts = copy.Look();
            bool isSame = facts.Identity == original.Identity
                && facts.VirtualSizeBytes == original.VirtualSizeBytes
                && facts.LogicalSectorSizeBytes == original.LogicalSectorSizeBytes;
            return isSame ? copy : throw new HostException($"'{path}' is not the disk '{original.Description}'.");
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }
}
