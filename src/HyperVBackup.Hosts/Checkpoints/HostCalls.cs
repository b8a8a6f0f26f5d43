using HyperVBackup.Hosts.Groups;
using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>The methods of the host's that change something. A call that the host is too busy for is made again for a
/// while.</summary>
internal sealed class HostCalls(CycleContext context)
{
    private const string SnapshotService = "Msvm_VirtualSystemSnapshotService";
    private const string ReferencePointService = "Msvm_VirtualSystemReferencePointService";
    private const string GroupService = "Msvm_CollectionSnapshotService";
    private const string ManagementService = "Msvm_VirtualSystemManagementService";
    private const ushort RecoverySnapshot = 32768;
    private const ushort RecoverySnapshotOfGroup = 2;
    private const byte ApplicationConsistent = 1;
    private const byte CrashConsistent = 2;

    private readonly ServiceCalls calls = new(
        context.Environment, context.Options.BusyPatience, context.Options.JobPatience,
        job => context.Journal.Note(notes => notes with { Job = job }));

    /// <summary>Has a recovery checkpoint made; its job, if any, is noted.</summary>
    /// <param name="name">How it is to be called. The class of its settings has a name; whether the host gives it to
    /// the checkpoint is documented nowhere.</param>
    /// <returns>The checkpoint; null where the host does not say which it is.</returns>
    public CimPath? CreateCheckpoint(VirtualMachine machine, MachineConsistency consistency, string name)
    {
        string settings = SettingsOf(consistency, name);
        return calls.Call(
            SnapshotService, "CreateSnapshot", $"making a checkpoint of '{machine.Name}'",
            (HostCatalog.SettingsClass, "ResultingSnapshot"),
            ("AffectedSystem", machine.Path), ("SnapshotSettings", settings), ("SnapshotType", RecoverySnapshot),
            ("ResultingSnapshot", null));
    }

    /// <summary>Makes a reference point of a checkpoint, which is gone then; its job, if any, is noted.</summary>
    /// <returns>The reference point; null where the host does not say which it is.</returns>
    public CimPath? ConvertCheckpoint(MachineSettings checkpoint) => calls.Call(
        SnapshotService, "ConvertToReferencePoint", $"making a reference point of '{checkpoint.Name}'",
        (HostCatalog.ReferencePointClass, "ResultingReferencePoint"),
        ("AffectedSnapshot", checkpoint.Path), ("ReferencePointSettings", ""), ("ResultingReferencePoint", null));

    public void DestroyCheckpoint(MachineSettings checkpoint) => calls.Call(
        SnapshotService, "DestroySnapshot", $"removing the checkpoint '{checkpoint.Name}'", null,
        ("AffectedSnapshot", checkpoint.Path));

    public void DestroyReferencePoint(ReferencePoint point) => calls.Call(
        ReferencePointService, "DestroyReferencePoint", $"removing the reference point {point.InstanceId}", null,
        ("AffectedReferencePoint", point.Path));

    /// <summary>Has one recovery checkpoint made of all machines of a group; its job, if any, is noted.</summary>
    /// <param name="name">As for a machine's.</param>
    /// <returns>The checkpoint of the group; null where the host does not say which it is.</returns>
    public CimPath? CreateCheckpoint(MachineGroup group, MachineConsistency consistency, string name) => calls.Call(
        GroupService, "CreateSnapshot", $"making a checkpoint of the group '{group.Name}'",
        (GroupCatalog.CheckpointClass, "ResultingSnapshotCollection"),
        ("Collection", group.Path), ("SnapshotSettings", SettingsOf(consistency, name)),
        ("SnapshotType", RecoverySnapshotOfGroup), ("ResultingSnapshotCollection", null));

    public void DestroyGroupCheckpoint(CimPath checkpoint) => calls.Call(
        GroupService, "DestroySnapshot", "removing the checkpoint of a group", null,
        ("AffectedSnapshotCollection", checkpoint));

    public void Rename(MachineSettings checkpoint, string name) => calls.Call(
        ManagementService, "ModifySystemSettings", $"naming the checkpoint '{checkpoint.Name}'", null,
        (
            "SystemSettings",
            new EmbeddedInstance(HostCatalog.SettingsClass)
                .Set("InstanceID", checkpoint.InstanceId).Set("ElementName", name).ToString()));

    private static string SettingsOf(MachineConsistency consistency, string name) =>
        new EmbeddedInstance("Msvm_VirtualSystemSnapshotSettingData")
            .Set("ElementName", name)
            .Set(
                "ConsistencyLevel",
                consistency == MachineConsistency.Application ? ApplicationConsistent : CrashConsistent)
            .ToString();
}
