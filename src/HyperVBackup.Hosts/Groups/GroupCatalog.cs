using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Groups;

/// <summary>Finds a host's groups, their members and their checkpoints. Asks anew each time.</summary>
internal sealed class GroupCatalog(ICimClient cim)
{
    public const string CheckpointClass = "Msvm_SnapshotCollection";
    private const string GroupClass = "Msvm_VirtualSystemCollection";
    private const string Members = "Msvm_CollectedVirtualSystems";
    private const string Checkpoints = "Msvm_CollectedSnapshots";
    private const string MachineClass = "Msvm_ComputerSystem";
    private const uint InvalidClass = 0x80041010; // WBEM_E_INVALID_CLASS
    private const string IdName = "CollectionID";

    private readonly HostCatalog catalog = new(cim);

    /// <summary>None where the host has no such class, as before 2016.</summary>
    public List<MachineGroup> Groups() =>
        [.. from found in QueryGroups()
            let id = Guid.TryParse(found.Text(IdName), out Guid parsed) ? parsed : Guid.Empty
            where id != Guid.Empty
            select new MachineGroup(found.Path, id, found.Text("ElementName") ?? id.ToString("D"))];

    /// <summary>In the order of their ids.</summary>
    /// <exception cref="HostException">One is not on this host.</exception>
    public List<VirtualMachine> MembersOf(MachineGroup group)
    {
        List<VirtualMachine> found = [];
        foreach (CimObject member in cim.Associators(group.Path, Members, MachineClass))
        {
            string name = member.Path.Keys.GetValueOrDefault("Name") ?? "";
            found.Add((Guid.TryParse(name, out Guid id) ? catalog.FindMachine(id) : null) ?? throw new HostException(
                $"The machine {name} of the group '{group.Name}' is not on this host: a group is backed up where all "
                + "its machines are."));
        }

        return [.. found.OrderBy(machine => machine.Id)];
    }

    public IEnumerable<string> MemberNamesOf(MachineGroup group) => cim.Associators(group.Path, Members, MachineClass)
        .Select(member => member.Text("ElementName") ?? member.Path.Keys.GetValueOrDefault("Name") ?? "");

    /// <summary>A checkpoint of a group; null where it is not there, or not shown yet.</summary>
    public CimPath? FindCheckpoint(string id) =>
        cim.Query(HostCatalog.Namespace, Wql.Where(CheckpointClass, IdName, id)) is [CimObject found, ..]
            ? found.Path
            : null;

    /// <summary>The same, by its path.</summary>
    public string? IdOf(CimPath checkpoint) => cim.Get(checkpoint)?.RequireText(IdName);

    /// <summary>The InstanceIDs of the machines' checkpoints that a checkpoint of a group consists of.</summary>
    public List<string> PartsOf(CimPath checkpoint) =>
        [.. cim.Associators(checkpoint, Checkpoints, HostCatalog.SettingsClass)
            .Select(part => part.RequireText("InstanceID"))];

    /// <summary>The checkpoint of a group that a machine's is a part of; null where it is of none.</summary>
    public CimPath? WholeOf(MachineSettings part) =>
        cim.Associators(part.Path, Checkpoints, CheckpointClass) is [CimObject whole, ..] ? whole.Path : null;

    private IReadOnlyList<CimObject> QueryGroups()
    {
        try
        {
            return cim.Query(HostCatalog.Namespace, Wql.All(GroupClass));
        }
        catch (HostException failure) when (failure.Code == InvalidClass)
        {
            return [];
        }
    }
}
