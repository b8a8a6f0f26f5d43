using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Imports;

/// <summary>The methods of the host's that an import needs. A call that the host is too busy for is made again for a
/// while.</summary>
internal sealed class ImportCalls(ImportContext context)
{
    private const string ManagementService = "Msvm_VirtualSystemManagementService";
    private const string SnapshotService = "Msvm_VirtualSystemSnapshotService";
    private const string MachineClass = "Msvm_ComputerSystem";
    private const ushort DiskResource = 31;

    private readonly ServiceCalls calls = new(
        context.Environment, context.Options.BusyPatience, context.Options.JobPatience,
        job => context.Journal.Note(notes => notes with { Job = job }));

    /// <summary>Has a machine planned; its job, if any, is noted.</summary>
    /// <returns>The planned machine; null where the host does not say which it is.</returns>
    public CimPath? Import(string definition) => calls.Call(
        ManagementService, "ImportSystemDefinition", $"planning a machine of '{definition}'",
        (ImportContext.PlannedClass, "ImportedSystem"),
        ("SystemDefinitionFile", definition), ("SnapshotFolder", context.Options.Folder),
        ("GenerateNewSystemIdentifier", !context.Options.AsOriginal));

    /// <summary>Attaches other images in the place of those that its configuration names.</summary>
    public void Attach(IReadOnlyList<(AttachedDisk Attached, string File)> disks) => calls.Call(
        ManagementService, "ModifyResourceSettings", "attaching the restored disks", null,
        (
            "ResourceSettings",
            disks.Select(disk => new EmbeddedInstance(HostCatalog.DiskClass)
                .Set("InstanceID", disk.Attached.InstanceId)
                .Set("ResourceType", DiskResource)
                .Set("ResourceSubType", HostCatalog.DiskKind)
                .Set("HostResource", [disk.File]).ToString()).ToArray()));

    /// <summary>Has all that it writes later go to the machine's own folder, and names it.</summary>
    public void Settle(MachineSettings settings)
    {
        EmbeddedInstance changed = new EmbeddedInstance(HostCatalog.SettingsClass)
            .Set("InstanceID", settings.InstanceId)
            .Set("ElementName", context.Options.Name ?? settings.Name)
            .Set("ConfigurationDataRoot", context.Options.Folder)
            .Set("SnapshotDataRoot", context.Options.Folder)
            .Set("SwapFileDataRoot", context.Options.Folder);
        calls.Call(
            ManagementService, "ModifySystemSettings", $"setting the folder of '{settings.Name}'", null,
            ("SystemSettings", changed.ToString()));
    }

    /// <summary>Takes a checkpoint away that its configuration names and that is not there.</summary>
    public void Forget(MachineSettings missing) => calls.Call(
        SnapshotService, "DestroySnapshot", "forgetting a checkpoint that was not restored", null,
        ("AffectedSnapshot", missing.Path));

    public void Validate(PlannedMachine planned) => calls.Call(
        ManagementService, "ValidatePlannedSystem", "validating the planned machine", null,
        ("PlannedSystem", planned.Path));

    /// <summary>Makes a machine of a planned one; its job, if any, is noted.</summary>
    public void Realize(PlannedMachine planned) => calls.Call(
        ManagementService, "RealizePlannedSystem", "making a machine of the planned one",
        (MachineClass, "ResultingSystem"),
        ("PlannedSystem", planned.Path), ("ResultingSystem", null));

    public void Destroy(PlannedMachine planned) => calls.Call(
        ManagementService, "DestroySystem", "removing the planned machine", null, ("AffectedSystem", planned.Path));
}
