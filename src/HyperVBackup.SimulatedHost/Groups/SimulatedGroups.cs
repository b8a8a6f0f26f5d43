using System.Xml.Linq;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Wmi;
using HyperVBackup.SimulatedHost.Machines;

namespace HyperVBackup.SimulatedHost.Groups;

/// <summary>Answers what is asked of the host's groups.</summary>
internal sealed class SimulatedGroups(SimulatedHyperV host)
{
    public const string Service = "Msvm_CollectionSnapshotService";
    public const string GroupClass = "Msvm_VirtualSystemCollection";
    public const string CheckpointClass = "Msvm_SnapshotCollection";

    public IEnumerable<CimObject> Groups() => host.KnowsGroups
        ? host.Groups.Select(group => Of(GroupClass, group.Id, group.Name))
        : throw new HostException($"There is no class {GroupClass} (0x80041010).", 0x80041010);

    /// <summary>Those that are listed: when all their parts are.</summary>
    public IEnumerable<CimObject> Checkpoints() =>
        from owner in host.Groups
        from checkpoint in owner.Checkpoints
        where checkpoint.Value.Values.All(part => part.ListedFrom <= host.Now)
        select Of(CheckpointClass, checkpoint.Key, owner.Name);

    public IEnumerable<CimObject> Members(CimPath path) => host.Groups
        .Where(group => PathOf(GroupClass, group.Id).Equals(path))
        .SelectMany(group => group.Members).Select(machine => SimulatedObjects.Of(machine, (ulong?)null));

    /// <summary>The parts of a checkpoint, or the checkpoint that a part is of.</summary>
    public IEnumerable<CimObject> Collected(CimPath path) =>
        from owner in host.Groups
        from checkpoint in owner.Checkpoints
        from part in checkpoint.Value
        where part.Key.Checkpoints.Contains(part.Value) && part.Value.ListedFrom <= host.Now
        let isPart = SimulatedObjects.SettingsPath(part.Value.Id).Equals(path)
        where isPart || PathOf(CheckpointClass, checkpoint.Key).Equals(path)
        select isPart
            ? Of(CheckpointClass, checkpoint.Key, owner.Name)
            : SimulatedObjects.Of(part.Key, part.Value);

    public CimAnswer Invoke(string method, IReadOnlyDictionary<string, object?> arguments) => method switch
    {
        "CreateSnapshot" => Create(arguments),
        "DestroySnapshot" => Destroy(arguments),
        _ => throw new HostException($"{Service} has no method {method} (0x8004102E).", 0x8004102E),
    };

    private CimAnswer Create(IReadOnlyDictionary<string, object?> arguments)
    {
        SimulatedGroup group = host.Groups.FirstOrDefault(
            found => PathOf(GroupClass, found.Id).Equals(arguments["Collection"]))
            ?? throw new HostException("There is no such collection (0x80041002).", 0x80041002);
        if ((ushort)arguments["SnapshotType"]! != 2)
        {
            return new CimAnswer(6, new Dictionary<string, object?>(), null);
        }

        string Asked(string property) => XElement.Parse((string)arguments["SnapshotSettings"]!).Elements("PROPERTY")
            .Single(item => (string?)item.Attribute("NAME") == property).Element("VALUE")!.Value;
        bool isApplication = Asked("ConsistencyLevel") == "1";
        string? name = host.NamesCheckpoints ? Asked("ElementName") : null;
        return host.Run(
            isApplication ? "CreateSnapshot of a group" : "CreateSnapshot of a group as of a power cut",
            [.. group.Members], "ResultingSnapshotCollection",
            plan =>
            {
                Dictionary<SimulatedMachine, SimulatedCheckpoint> parts = [];
                foreach (SimulatedMachine machine in group.Members)
                {
                    SimulatedCheckpoint made = machine.CreateCheckpoint(
                        name ?? machine.Name + " - (backup)", true, host.Now);
                    made.IsApplicationConsistent = isApplication;
                    made.ListedFrom = host.Now + plan.ListedLater;
                    host.AskedFor.Add(made);
                    parts.Add(machine, made);
                }

                byte[] id = new byte[16];
                host.Random.NextBytes(id);
                group.Checkpoints.Add(new Guid(id), parts);
                return PathOf(CheckpointClass, new Guid(id));
            });
    }

    private CimAnswer Destroy(IReadOnlyDictionary<string, object?> arguments)
    {
        (SimulatedGroup group, Guid id) = (from owner in host.Groups
                                           from checkpoint in owner.Checkpoints
                                           where PathOf(CheckpointClass, checkpoint.Key)
                                               .Equals(arguments["AffectedSnapshotCollection"])
                                           select ((SimulatedGroup, Guid)?)(owner, checkpoint.Key)).FirstOrDefault()
            ?? throw new HostException("There is no such collection (0x80041002).", 0x80041002);
        return host.Run("DestroySnapshot of a group", [.. group.Checkpoints[id].Keys], null, _ =>
        {
            foreach ((SimulatedMachine machine, SimulatedCheckpoint part) in group.Checkpoints[id])
            {
                if (machine.Checkpoints.Contains(part))
                {
                    machine.RemoveCheckpoint(part);
                }
            }

            group.Checkpoints.Remove(id);
            return null;
        });
    }

    private static CimPath PathOf(string className, Guid id) =>
        new(SimulatedObjects.Namespace, className, ("CollectionID", SimulatedObjects.Text(id)));

    private static CimObject Of(string className, Guid id, string name) => new(
        PathOf(className, id),
        new Dictionary<string, object?> { ["CollectionID"] = SimulatedObjects.Text(id), ["ElementName"] = name });
}
