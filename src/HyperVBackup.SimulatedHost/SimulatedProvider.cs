using System.Text.RegularExpressions;
using System.Xml.Linq;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Containers;
using HyperVBackup.Hosts.Wmi;
using HyperVBackup.SimulatedHost.Groups;
using HyperVBackup.SimulatedHost.Imports;
using HyperVBackup.SimulatedHost.Machines;

namespace HyperVBackup.SimulatedHost;

/// <summary>Answers what is asked of the host's WMI provider, as far as a backup asks.</summary>
internal sealed partial class SimulatedProvider(SimulatedHyperV host)
{
    private static readonly string[] Services =
    [
        "Msvm_VirtualSystemSnapshotService", "Msvm_VirtualSystemReferencePointService",
        "Msvm_VirtualSystemManagementService", SimulatedGroups.Service,
    ];

    private readonly SimulatedImports imports = new(host);
    private readonly SimulatedGroups groups = new(host);

    private IEnumerable<SimulatedMachine> Here => host.IsSilent
        ? throw new HostException("The RPC server is unavailable (0x800706BA).", 0x800706BA)
        : host.Machines.Where(machine => !machine.IsAway);

    public IReadOnlyList<CimObject> Query(string cimNamespace, string wql)
    {
        if (cimNamespace == ClusterNodes.Namespace)
        {
            return Nodes();
        }

        Match match = Question().Match(wql);
        if (!match.Success || cimNamespace != SimulatedObjects.Namespace)
        {
            throw new HostException($"The query '{wql}' is not valid (0x80041017).", 0x80041017);
        }

        string property = match.Groups["property"].Value;
        string value = Regex.Unescape(match.Groups["value"].Value);
        return [.. All(match.Groups["class"].Value)
            .Where(found => property.Length == 0 || found.Text(property) == value)];
    }

    public IReadOnlyList<CimObject> Associators(CimPath path, string association, string resultClass)
    {
        IEnumerable<CimObject> found = association switch
        {
            "Msvm_VirtualSystemSettingDataComponent" => Attachments(path).Concat(imports.Attachments(path)),
            "Msvm_ReferencePointOfVirtualSystem" => Here.Where(machine => IsAt(path, machine)).SelectMany(Points),
            "Msvm_LastAppliedSnapshot" => Here
                .Where(machine => IsAt(path, machine) && machine.LastApplied is SimulatedCheckpoint applied
                    && machine.Checkpoints.Contains(applied))
                .Select(machine => SimulatedObjects.Of(machine, machine.LastApplied!)),
            "Msvm_AffectedJobElement" when resultClass == SimulatedObjects.JobClass => host.Jobs
                .Where(job => Here.Any(machine => IsAt(path, machine) && job.IsOf(machine)))
                .Select(SimulatedObjects.Of),
            "Msvm_AffectedJobElement" => host.Jobs
                .Where(job => SimulatedObjects.PathOf(job).Equals(path) && job.Result is not null)
                .Select(job => new CimObject(job.Result!, new Dictionary<string, object?>())),
            "Msvm_CollectedVirtualSystems" => groups.Members(path),
            "Msvm_CollectedSnapshots" => groups.Collected(path),
            _ => [],
        };
        return [.. found.Where(result => result.Path.ClassName == resultClass)];
    }

    public CimObject? Get(CimPath path) => All(path.ClassName).FirstOrDefault(found => found.Path.Equals(path));

    public CimAnswer Invoke(CimPath path, string method, IReadOnlyDictionary<string, object?> arguments)
    {
        if (!Services.Contains(path.ClassName))
        {
            throw new HostException($"There is no {path} (0x80041002).", 0x80041002);
        }

        if (path.ClassName == SimulatedGroups.Service)
        {
            return groups.Invoke(method, arguments);
        }

        return imports.Invoke(method, arguments) ?? method switch
        {
            "CreateSnapshot" => Create(arguments),
            "ConvertToReferencePoint" => Convert(arguments),
            "DestroySnapshot" => Destroy(arguments),
            "DestroyReferencePoint" => DestroyPoint(arguments),
            "ModifySystemSettings" => Rename(arguments),
            _ => throw new HostException($"{path} has no method {method} (0x8004102E).", 0x8004102E),
        };
    }

    private IReadOnlyList<CimObject> Nodes() => host.ClusterNodes.Count == 0
        ? throw new HostException("There is no namespace root\\mscluster (0x8004100E).", ClusterNodes.NoSuchNamespace)
        : [.. host.ClusterNodes.Select(name => new CimObject(
            new CimPath(ClusterNodes.Namespace, ClusterNodes.NodeClass, ("Name", name)),
            new Dictionary<string, object?> { ["Name"] = name }))];

    private static bool IsAt(CimPath path, SimulatedMachine machine) =>
        SimulatedObjects.PathOf(machine).Equals(path);

    private static CimPath Reference(IReadOnlyDictionary<string, object?> arguments, string name) =>
        arguments.GetValueOrDefault(name) as CimPath
        ?? throw new HostException($"The argument {name} is missing (0x80041008).", 0x80041008);

    private static HostException NotFound(CimPath path) => new($"There is no {path} (0x80041002).", 0x80041002);

    /// <summary>The value that an embedded object gives a property.</summary>
    private static string Embedded(IReadOnlyDictionary<string, object?> arguments, string name, string property) =>
        XElement.Parse((string)arguments[name]!).Elements("PROPERTY")
            .Single(item => (string?)item.Attribute("NAME") == property).Element("VALUE")!.Value;

    private IEnumerable<CimObject> All(string className) => className switch
    {
        SimulatedObjects.MachineClass => Here.Select(machine => SimulatedObjects.Of(machine, OperationOf(machine)))
            .Prepend(SimulatedObjects.OfHost()),
        SimulatedObjects.SettingsClass => Here.SelectMany(machine => Listed(machine)
            .Select(checkpoint => SimulatedObjects.Of(machine, checkpoint))
            .Prepend(SimulatedObjects.LiveSettings(machine))).Concat(imports.Settings()),
        SimulatedImports.PlannedClass => imports.Systems(),
        SimulatedObjects.DiskClass => Here.SelectMany(machine => machine.Checkpoints
            .Select(checkpoint => checkpoint.Id).Prepend(machine.Id)
            .SelectMany(id => Attachments(SimulatedObjects.SettingsPath(id)))).Concat(imports.Attachments()),
        SimulatedObjects.PointClass => Here.SelectMany(Points),
        SimulatedGroups.GroupClass => groups.Groups(),
        SimulatedGroups.CheckpointClass => groups.Checkpoints(),
        SimulatedObjects.JobClass => host.Jobs.Select(SimulatedObjects.Of),
        _ when Services.Contains(className) =>
            [new CimObject(
                new CimPath(SimulatedObjects.Namespace, className, ("Name", "service")),
                new Dictionary<string, object?>())],
        _ => [],
    };

    private ulong? OperationOf(SimulatedMachine machine)
    {
        if (machine.OtherOperation is { } other && host.Now < other.Until)
        {
            return other.Status;
        }

        return host.Jobs.Any(job => job.IsOf(machine) && !job.IsOver) ? 32770 : null;
    }

    private IEnumerable<SimulatedCheckpoint> Listed(SimulatedMachine machine) =>
        machine.Checkpoints.Where(checkpoint => checkpoint.ListedFrom <= host.Now);

    private IEnumerable<CimObject> Points(SimulatedMachine machine) => machine.ReferencePoints
        .Where(point => point.ListedFrom <= host.Now)
        .Select(point => SimulatedObjects.Of(machine, point, host.Random, host.LeavesIdOut));

    private IEnumerable<CimObject> Attachments(CimPath path)
    {
        foreach (SimulatedMachine machine in Here)
        {
            if (SimulatedObjects.SettingsPath(machine.Id).Equals(path) && machine.IsUnreadable)
            {
                throw new HostException("Provider failure (0x80041004).", 0x80041004);
            }

            if (SimulatedObjects.SettingsPath(machine.Id).Equals(path))
            {
                return machine.Disks
                    .Select(disk => SimulatedObjects.Attachment(
                        machine, machine.Id, disk.Slot, disk.Path, disk.IsShared))
                    .Append(SimulatedObjects.Dvd(machine.Id));
            }

            SimulatedCheckpoint? checkpoint = machine.Checkpoints.FirstOrDefault(
                candidate => SimulatedObjects.SettingsPath(candidate.Id).Equals(path));
            if (checkpoint is not null)
            {
                return checkpoint.Frozen
                    .Select(frozen => SimulatedObjects.Attachment(
                        machine, checkpoint.Id, frozen.Key.Slot, frozen.Value.Path, frozen.Key.IsShared))
                    .Append(SimulatedObjects.Dvd(checkpoint.Id));
            }
        }

        return [];
    }

    private CimAnswer Create(IReadOnlyDictionary<string, object?> arguments)
    {
        CimPath path = Reference(arguments, "AffectedSystem");
        SimulatedMachine machine = Here.FirstOrDefault(candidate => IsAt(path, candidate)) ?? throw NotFound(path);
        bool isApplication = Embedded(arguments, "SnapshotSettings", "ConsistencyLevel") == "1";
        string name = host.NamesCheckpoints
            ? Embedded(arguments, "SnapshotSettings", "ElementName")
            : machine.Name + " - (backup)";
        if ((ushort)arguments["SnapshotType"]! != 32768)
        {
            return new CimAnswer(6, new Dictionary<string, object?>(), null);
        }

        return host.Run(
            isApplication ? "CreateSnapshot" : "CreateSnapshot as of a power cut", machine, "ResultingSnapshot",
            plan =>
            {
                SimulatedCheckpoint made = machine.CreateCheckpoint(name, true, host.Now);
                made.IsApplicationConsistent = isApplication;
                made.ListedFrom = host.Now + plan.ListedLater;
                host.AskedFor.Add(made);
                return SimulatedObjects.SettingsPath(made.Id);
            });
    }

    private CimAnswer Convert(IReadOnlyDictionary<string, object?> arguments)
    {
        (SimulatedMachine machine, SimulatedCheckpoint checkpoint) = Checkpoint(arguments);
        return host.Run(
            "ConvertToReferencePoint", machine, "ResultingReferencePoint",
            plan =>
            {
                SimulatedReferencePoint made = machine.Convert(checkpoint);
                made.ListedFrom = host.Now + plan.ListedLater;
                return SimulatedObjects.PathOf(machine, made);
            });
    }

    private CimAnswer Destroy(IReadOnlyDictionary<string, object?> arguments)
    {
        (SimulatedMachine machine, SimulatedCheckpoint checkpoint) = Checkpoint(arguments);
        return host.Run("DestroySnapshot", machine, null, _ =>
        {
            machine.RemoveCheckpoint(checkpoint);
            return null;
        });
    }

    private CimAnswer DestroyPoint(IReadOnlyDictionary<string, object?> arguments)
    {
        CimPath path = Reference(arguments, "AffectedReferencePoint");
        foreach (SimulatedMachine machine in Here)
        {
            SimulatedReferencePoint? point = machine.ReferencePoints.FirstOrDefault(
                candidate => SimulatedObjects.PathOf(machine, candidate).Equals(path));
            if (point is not null)
            {
                return host.Run("DestroyReferencePoint", machine, null, _ =>
                {
                    machine.Destroy(point);
                    return null;
                });
            }
        }

        throw NotFound(path);
    }

    private CimAnswer Rename(IReadOnlyDictionary<string, object?> arguments)
    {
        string id = Embedded(arguments, "SystemSettings", "InstanceID");
        string name = Embedded(arguments, "SystemSettings", "ElementName");
        foreach (SimulatedMachine machine in Here)
        {
            SimulatedCheckpoint? checkpoint = machine.Checkpoints.FirstOrDefault(
                candidate => SimulatedObjects.SettingsPath(candidate.Id).Keys["InstanceID"] == id);
            if (checkpoint is not null)
            {
                return host.Run("ModifySystemSettings", machine, null, _ =>
                {
                    checkpoint.Name = name;
                    return null;
                });
            }
        }

        return new CimAnswer(32773, new Dictionary<string, object?>(), null);
    }

    private (SimulatedMachine Machine, SimulatedCheckpoint Checkpoint) Checkpoint(
        IReadOnlyDictionary<string, object?> arguments)
    {
        CimPath path = Reference(arguments, "AffectedSnapshot");
        return (from machine in Here
                from checkpoint in Listed(machine)
                where SimulatedObjects.SettingsPath(checkpoint.Id).Equals(path)
                select ((SimulatedMachine, SimulatedCheckpoint)?)(machine, checkpoint)).FirstOrDefault()
            ?? throw NotFound(path);
    }

    [GeneratedRegex("""^SELECT \* FROM (?<class>\w+)(?: WHERE (?<property>\w+)="(?<value>(?:[^"\\]|\\.)*)")?$""")]
    private static partial Regex Question();
}
