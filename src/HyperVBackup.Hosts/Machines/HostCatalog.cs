using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Machines;

/// <summary>Finds a host's machines and what belongs to them. Asks anew each time.</summary>
internal sealed class HostCatalog(ICimClient cim)
{
    public const string Namespace = @"root\virtualization\v2";
    public const string SettingsClass = "Msvm_VirtualSystemSettingData";
    public const string ReferencePointClass = "Msvm_VirtualSystemReferencePoint";
    private const string MachineClass = "Msvm_ComputerSystem";
    public const string DiskClass = "Msvm_StorageAllocationSettingData";
    public const string DiskKind = "Microsoft:Hyper-V:Virtual Hard Disk";
    private const ulong DiskResource = 31;
    private const int TriesMax = 10;

    /// <summary>Null where the machine is not on this host.</summary>
    /// <exception cref="HostException">The host cannot be asked.</exception>
    public VirtualMachine? FindMachine(Guid id)
    {
        string name = id.ToString("D").ToUpperInvariant();
        return cim.Query(Namespace, Wql.Where(MachineClass, "Name", name)) is [CimObject found, ..]
            ? MachineFrom(found, id)
            : null;
    }

    /// <summary>All machines that are on this host, also those that are only planned. The host itself is of the same
    /// class, and is named by no GUID; other texts come in the host's language.</summary>
    /// <exception cref="HostException">The host cannot be asked.</exception>
    public List<VirtualMachine> Machines() =>
        [.. from found in cim.Query(Namespace, Wql.All(MachineClass))
            where Guid.TryParse(found.RequireText("Name"), out _)
            select MachineFrom(found, Guid.Parse(found.RequireText("Name")))];

    /// <summary>The live settings and those of all checkpoints.</summary>
    public List<MachineSettings> SettingsOf(VirtualMachine machine) =>
        [.. cim.Query(
            Namespace,
            Wql.Where(SettingsClass, "VirtualSystemIdentifier", machine.Id.ToString("D").ToUpperInvariant()))
            .Select(SettingsFrom)];

    /// <summary>The recovery checkpoints of all machines, whosever.</summary>
    public List<MachineSettings> RecoveryCheckpoints() =>
        [.. cim.Query(Namespace, Wql.All(SettingsClass)).Select(SettingsFrom).Where(settings => settings.IsRecovery)];

    /// <exception cref="HostException">It has none: it is not on this host any more.</exception>
    public MachineSettings LiveSettingsOf(VirtualMachine machine) =>
        SettingsOf(machine).Find(settings => settings.IsLive)
        ?? throw new HostException($"The machine '{machine.Name}' has no settings: it is not on this host any more.");

    public MachineSettings? FindSettings(CimPath path) =>
        cim.Get(path) is CimObject found ? SettingsFrom(found) : null;

    /// <summary>The virtual hard disks, without those that no checkpoint holds: pass-through disks and the like.
    /// </summary>
    public List<AttachedDisk> DisksOf(MachineSettings settings) =>
        [.. cim.Associators(settings.Path, "Msvm_VirtualSystemSettingDataComponent", DiskClass)
            .Where(part => part.Number("ResourceType") == DiskResource && part.Text("ResourceSubType") == DiskKind)
            .Select(part => new AttachedDisk(part.RequireText("InstanceID"), FileOf(part))
            {
                IsShared = part.Truth("PersistentReservationsSupported") ?? false,
            })];

    /// <summary>The images of all machines, planned ones and checkpoints too.</summary>
    public List<string> AttachedFiles() =>
        [.. cim.Query(Namespace, Wql.All(DiskClass))
            .Where(part => part.Text("ResourceSubType") == DiskKind)
            .SelectMany(part => part.Texts("HostResource"))];

    /// <summary>Does something with the disks, all of which are open for it. Merges that other programs began move
    /// images: where it fails and the disks are elsewhere now, it is done again with these.</summary>
    /// <exception cref="HostException">It fails.</exception>
    public T WithDisksOf<T>(MachineSettings settings, Func<IReadOnlyList<AttachedDisk>, T> use)
    {
        List<AttachedDisk> disks = DisksOf(settings);
        for (int tries = 1; ; tries++)
        {
            try
            {
                return use(disks);
            }
            catch (HostException) when (tries < TriesMax)
            {
                List<AttachedDisk> now = DisksOf(settings);
                if (now.SequenceEqual(disks))
                {
                    throw;
                }

                disks = now;
            }
        }
    }

    public List<ReferencePoint> ReferencePointsOf(VirtualMachine machine) =>
        [.. cim.Associators(machine.Path, "Msvm_ReferencePointOfVirtualSystem", ReferencePointClass)
            .Select(ReferencePointFrom)];

    public ReferencePoint? FindReferencePoint(CimPath path) =>
        cim.Get(path) is CimObject found ? ReferencePointFrom(found) : null;

    /// <summary>The checkpoint that was last applied to a machine; null where none was, or it is gone.</summary>
    public string? LastAppliedTo(VirtualMachine machine) =>
        cim.Associators(machine.Path, "Msvm_LastAppliedSnapshot", SettingsClass)
            .Select(settings => settings.RequireText("InstanceID")).FirstOrDefault();

    /// <summary>The one object of a class whose methods do the work.</summary>
    public CimPath ServiceOf(string className) => cim.Query(Namespace, Wql.All(className)) is [CimObject service, ..]
        ? service.Path
        : throw new HostException($"The host has no {className}: Hyper-V is not installed, or does not run.");

    private static VirtualMachine MachineFrom(CimObject found, Guid id) => new(
        found.Path, id, found.Text("ElementName") ?? found.RequireText("Name"), found.Number("EnabledState") ?? 0,
        found.Numbers("OperationalStatus") is { Count: > 1 } status ? status[1] : null);

    private static MachineSettings SettingsFrom(CimObject found) => new(
        found.Path, found.RequireText("InstanceID"), found.Text("ElementName") ?? "",
        found.Text("VirtualSystemType") ?? "", found.Time("CreationTime"), found.Text("Version") ?? "")
    {
        Files = ConfigurationPlace.Of(found),
    };

    private static ReferencePoint ReferencePointFrom(CimObject found) => new(
        found.Path, found.RequireText("InstanceID"), found.Texts("VirtualDiskIdentifiers"),
        found.Texts("ResilientChangeTrackingIdentifiers"));

    private static string FileOf(CimObject part) =>
        part.Texts("HostResource") is { Count: > 0 } files && files[0].Length > 0
            ? files[0]
            : throw new HostException($"{part.Path} says no HostResource.");
}
