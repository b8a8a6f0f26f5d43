using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>Makes a reference point of a checkpoint, which is gone then. All its disks are closed before.</summary>
internal sealed class Conversion(CycleContext context, HostCalls calls)
{
    /// <param name="toldIds">What the checkpoint's disks tell of themselves.</param>
    /// <exception cref="HostException">It cannot be made, or the host does not say which it is.</exception>
    public ReferencePoint Run(VirtualMachine machine, MachineSettings checkpoint, IReadOnlyList<string> toldIds)
    {
        List<string> before = Ids(machine);
        context.Journal.Enter(CycleStage.Converting, notes => notes with
        {
            Checkpoint = checkpoint.InstanceId,
            ReferencePointsBefore = before,
            ToldIds = toldIds,
            Job = null,
        });
        return calls.ConvertCheckpoint(checkpoint) is CimPath path ? Find(path) : FindTold(machine, before, toldIds);
    }

    private List<string> Ids(VirtualMachine machine) =>
        [.. context.Catalog.ReferencePointsOf(machine).Select(point => point.InstanceId)];

    private ReferencePoint Find(CimPath path)
    {
        ReferencePoint? found = null;
        context.Poll(
            () => (found = context.Catalog.FindReferencePoint(path)) is not null, Polling.ListingPatience);
        return found ?? throw new HostException($"The host made the reference point {path}, and does not show it.");
    }

    /// <summary>The only one that is new may be another program's, and ours not be shown yet.</summary>
    private ReferencePoint FindTold(VirtualMachine machine, List<string> before, IReadOnlyList<string> toldIds)
    {
        ReferencePoint? found = null;
        context.Poll(
            () => (found = context.Catalog.ReferencePointsOf(machine).Find(
                point => !before.Contains(point.InstanceId) && point.TrackingIds.Intersect(toldIds).Any())) is not null,
            Polling.ListingPatience);
        return found ?? throw new HostException(
            $"The host made a reference point of '{machine.Name}', does not say which, and shows none with a tracking "
            + "id of the checkpoint's disks.");
    }
}
