using System.Globalization;
using HyperVBackup.Hosts.Wmi;
using HyperVBackup.SimulatedHost.Images;
using HyperVBackup.SimulatedHost.Machines;

namespace HyperVBackup.SimulatedHost;

/// <summary>The host's things as its WMI provider shows them.</summary>
internal static class SimulatedObjects
{
    public const string Namespace = @"root\virtualization\v2";
    public const string MachineClass = "Msvm_ComputerSystem";
    public const string SettingsClass = "Msvm_VirtualSystemSettingData";
    public const string DiskClass = "Msvm_StorageAllocationSettingData";
    public const string PointClass = "Msvm_VirtualSystemReferencePoint";
    public const string JobClass = "Msvm_ConcreteJob";

    private static readonly string[] DvdFiles = ["setup.iso"];

    public static string Text(Guid id) => id.ToString("D").ToUpperInvariant();

    public static CimPath PathOf(SimulatedMachine machine) => new(
        Namespace, MachineClass, ("CreationClassName", MachineClass), ("Name", Text(machine.Id)));

    public static CimPath SettingsPath(Guid id) => new(Namespace, SettingsClass, ("InstanceID", SettingsId(id)));

    public static CimPath PathOf(SimulatedMachine machine, SimulatedReferencePoint point) => new(
        Namespace, PointClass, ("InstanceID", Text(point.Id)), ("VirtualSystemIdentifier", Text(machine.Id)));

    public static CimPath PathOf(SimulatedJob job) => new(Namespace, JobClass, ("InstanceID", job.Id));

    public static CimObject Of(SimulatedMachine machine, ulong? operation) => new(
        PathOf(machine),
        new Dictionary<string, object?>
        {
            ["Name"] = Text(machine.Id),
            ["ElementName"] = machine.Name,
            ["Caption"] = "Virtueller Computer",
            ["EnabledState"] = (ushort)(machine.IsOff ? 3 : 2),
            ["OperationalStatus"] = operation is ulong status ? [2, (ushort)status] : new ushort[] { 2 },
        });

    /// <summary>The host itself, which is of the class of its machines.</summary>
    public static CimObject OfHost() => new(
        new CimPath(Namespace, MachineClass, ("CreationClassName", MachineClass), ("Name", "NODE")),
        new Dictionary<string, object?>
        {
            ["Name"] = "NODE",
            ["ElementName"] = "NODE",
            ["Caption"] = "Hostcomputersystem",
            ["EnabledState"] = (ushort)2,
        });

    public static CimObject LiveSettings(SimulatedMachine machine) => Settings(
        machine, machine.Id, machine.Name,
        machine.IsPlanned ? "Microsoft:Hyper-V:System:Planned" : "Microsoft:Hyper-V:System:Realized", null, null);

    public static CimObject Of(SimulatedMachine machine, SimulatedCheckpoint checkpoint) => Settings(
        machine, checkpoint.Id, checkpoint.Name,
        checkpoint.IsRecovery ? "Microsoft:Hyper-V:Snapshot:Recovery" : "Microsoft:Hyper-V:Snapshot:Realized",
        checkpoint.Created, checkpoint.Id);

    public static CimObject Attachment(
        SimulatedMachine machine, Guid settings, int slot, string path, bool isShared = false) => new(
        new CimPath(Namespace, DiskClass, ("InstanceID", AttachmentId(machine, settings, slot))),
        new Dictionary<string, object?>
        {
            ["InstanceID"] = AttachmentId(machine, settings, slot),
            ["ResourceType"] = (ushort)31,
            ["ResourceSubType"] = "Microsoft:Hyper-V:Virtual Hard Disk",
            ["HostResource"] = new[] { path },
            ["PersistentReservationsSupported"] = isShared,
        });

    /// <summary>An image for the DVD drive, which is no disk.</summary>
    public static CimObject Dvd(Guid settings) => new(
        new CimPath(Namespace, DiskClass, ("InstanceID", SettingsId(settings) + @"\dvd")),
        new Dictionary<string, object?>
        {
            ["InstanceID"] = SettingsId(settings) + @"\dvd",
            ["ResourceType"] = (ushort)31,
            ["ResourceSubType"] = "Microsoft:Hyper-V:Virtual CD/DVD Disk",
            ["HostResource"] = DvdFiles,
        });

    /// <param name="order">The order in which it speaks of the disks: not theirs.</param>
    public static CimObject Of(
        SimulatedMachine machine, SimulatedReferencePoint point, Random order, bool leavesIdOut)
    {
        SimulatedDisk[] disks = [.. point.TrackingIds.Keys];
        order.Shuffle(disks);
        return new CimObject(
            PathOf(machine, point),
            new Dictionary<string, object?>
            {
                ["InstanceID"] = Text(point.Id),
                ["VirtualSystemIdentifier"] = Text(machine.Id),
                ["ReferencePointType"] = (ushort)2,
                ["VirtualDiskIdentifiers"] =
                    disks.Select(disk => AttachmentId(machine, machine.Id, disk.Slot)).ToArray(),
                ["ResilientChangeTrackingIdentifiers"] =
                    disks.Skip(leavesIdOut ? 1 : 0).Select(disk => point.TrackingIds[disk]).ToArray(),
            });
    }

    public static CimObject Of(SimulatedJob job) => new(
        PathOf(job),
        new Dictionary<string, object?>
        {
            ["InstanceID"] = job.Id,
            ["JobState"] = (ushort)job.State,
            ["ErrorCode"] = (ushort)(job.State == JobState.Exception ? 32768 : 0),
            ["ErrorDescription"] = job.Error,
        });

    private static CimObject Settings(
        SimulatedMachine machine, Guid id, string name, string kind, DateTimeOffset? created, Guid? files) => new(
        SettingsPath(id),
        new Dictionary<string, object?>
        {
            ["InstanceID"] = SettingsId(id),
            ["ElementName"] = name,
            ["VirtualSystemIdentifier"] = Text(machine.Id),
            ["VirtualSystemType"] = kind,
            ["Version"] = machine.Version,
            ["CreationTime"] = created,
            ["ConfigurationDataRoot"] = machine.Folder,
            ["ConfigurationFile"] = FileOf(files, SimulatedConfiguration.DefinitionExtension),
            ["GuestStateDataRoot"] = machine.GuestStateFolder ?? machine.Folder,
            ["GuestStateFile"] = machine.GuestState is null
                ? null
                : FileOf(files, SimulatedConfiguration.GuestStateExtension),
        });

    private static string? FileOf(Guid? settings, string extension) =>
        settings is Guid id ? Path.Join(SimulatedConfiguration.Folder, Text(id) + extension) : null;

    private static string SettingsId(Guid id) => "Microsoft:" + Text(id);

    public static string AttachmentId(SimulatedMachine machine, Guid settings, int slot) => string.Create(
        CultureInfo.InvariantCulture, $@"{SettingsId(settings)}\{Text(machine.ControllerId)}\0\{slot}\L");
}
