using HyperVBackup.Hosts.Machines;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>Tries to have a reference point made of a checkpoint whose disks tell of no tracking, so that the host
/// tracks from then on: whether the very first checkpoint shows that it will is documented nowhere. All its disks are
/// closed before.</summary>
internal sealed class FirstConversion(CycleContext context, HostCalls calls)
{
    /// <returns>Null where the host makes none and leaves the checkpoint as it is, as one does that is not to track.
    /// </returns>
    /// <exception cref="HostException">Nobody knows what became of the checkpoint.</exception>
    public ReferencePoint? Try(VirtualMachine machine, MachineSettings checkpoint)
    {
        context.Journal.Note(notes => notes with { IsTrackingTried = true });
        try
        {
            return new Conversion(context, calls).Run(machine, checkpoint, []);
        }
        catch (HostException) when (IsStill(machine, checkpoint))
        {
            return null;
        }
    }

    private bool IsStill(VirtualMachine machine, MachineSettings checkpoint) =>
        !context.Jobs.IsAnyRunning(machine.Path) && context.Catalog.FindSettings(checkpoint.Path) is not null;
}
