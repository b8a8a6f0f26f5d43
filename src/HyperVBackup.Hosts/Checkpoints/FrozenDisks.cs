using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>Opens the disks that a checkpoint holds.</summary>
internal sealed class FrozenDisks(CycleContext context)
{
    /// <exception cref="HostException">One cannot be opened; none is open then.</exception>
    public List<(AttachedDisk Attached, FrozenDisk Disk)> OpenAll(IReadOnlyList<AttachedDisk> all)
    {
        List<(AttachedDisk Attached, FrozenDisk Disk)> opened = [];
        try
        {
            foreach (AttachedDisk attached in all)
            {
                opened.Add((attached, Open(attached)));
            }

            return opened;
        }
        catch
        {
            opened.ForEach(item => item.Disk.Dispose());
            throw;
        }
    }

    private FrozenDisk Open(AttachedDisk attached)
    {
        attached.RequireOwn();
        IVirtualDisk disk = context.Environment.Disks.Open(attached.File);
        try
        {
            return new FrozenDisk(attached.File, disk, disk.Look());
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }
}
