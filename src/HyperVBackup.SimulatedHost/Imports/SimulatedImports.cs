using System.Text.Json;
using System.Xml.Linq;
using HyperVBackup.Disks;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Wmi;
using HyperVBackup.SimulatedHost.Images;
using HyperVBackup.SimulatedHost.Machines;

namespace HyperVBackup.SimulatedHost.Imports;

/// <summary>What the host's provider does about machines that come from files.</summary>
internal sealed class SimulatedImports(SimulatedHyperV host)
{
    public const string PlannedClass = "Msvm_PlannedComputerSystem";
    private const string MadeFolder = "Virtual Machines";
    private static readonly CimAnswer InvalidArgument = new(32773, new Dictionary<string, object?>(), null);

    private IEnumerable<SimulatedPlan> Listed => host.Plans.Where(plan => plan.ListedFrom <= host.Now);

    public IEnumerable<CimObject> Systems() => Listed.Select(plan => new CimObject(
        PathOf(plan),
        new Dictionary<string, object?>
        {
            ["Name"] = SimulatedObjects.Text(plan.Machine.Id),
            ["ElementName"] = plan.Machine.Name,
        }));

    public IEnumerable<CimObject> Settings() => Listed.SelectMany(plan => plan.Missing
        .Select(id => Settings(plan, id, "Microsoft:Hyper-V:Snapshot:Missing"))
        .Prepend(Settings(plan, plan.Machine.Id, "Microsoft:Hyper-V:System:Planned")));

    public IEnumerable<CimObject> Attachments() => Listed.SelectMany(Attachments);

    public IEnumerable<CimObject> Attachments(CimPath settings) => Listed
        .Where(plan => SimulatedObjects.SettingsPath(plan.Machine.Id).Equals(settings)).SelectMany(Attachments);

    /// <summary>Null where it is none of its methods, or not about a planned machine.</summary>
    public CimAnswer? Invoke(string method, IReadOnlyDictionary<string, object?> arguments) => method switch
    {
        "ImportSystemDefinition" => Import(arguments),
        "ModifyResourceSettings" => Attach(arguments),
        "ModifySystemSettings" => Settle(arguments),
        "ValidatePlannedSystem" => host.Run(method, Plan(arguments, "PlannedSystem").Machine, null, _ =>
        {
            Check(Plan(arguments, "PlannedSystem"));
            return null;
        }),
        "RealizePlannedSystem" => Realize(arguments),
        "DestroySystem" => host.Run(method, Plan(arguments, "AffectedSystem").Machine, null, _ =>
        {
            host.Plans.Remove(Plan(arguments, "AffectedSystem"));
            return null;
        }),
        "DestroySnapshot" => Forget(arguments),
        _ => null,
    };

    private static CimPath PathOf(SimulatedPlan plan) => new(
        SimulatedObjects.Namespace, PlannedClass,
        ("CreationClassName", PlannedClass), ("Name", SimulatedObjects.Text(plan.Machine.Id)));

    private static CimObject Settings(SimulatedPlan plan, Guid id, string kind) => new(
        SimulatedObjects.SettingsPath(id),
        new Dictionary<string, object?>
        {
            ["InstanceID"] = SimulatedObjects.SettingsPath(id).Keys["InstanceID"],
            ["ElementName"] = plan.Machine.Name,
            ["VirtualSystemIdentifier"] = SimulatedObjects.Text(plan.Machine.Id),
            ["VirtualSystemType"] = kind,
            ["Version"] = plan.Machine.Version,
            ["ConfigurationDataRoot"] = Path.GetDirectoryName(plan.Definition),
            ["ConfigurationFile"] = Path.GetFileName(plan.Definition),
        });

    private static IEnumerable<CimObject> Attachments(SimulatedPlan plan) => plan.Images
        .Select(image => SimulatedObjects.Attachment(plan.Machine, plan.Machine.Id, image.Key, image.Value))
        .Append(SimulatedObjects.Dvd(plan.Machine.Id));

    private static string Id(XElement embedded) => Value(embedded, "InstanceID")!;

    private static string? Value(XElement embedded, string name) =>
        embedded.Elements().SingleOrDefault(item => (string?)item.Attribute("NAME") == name)?
            .Descendants("VALUE").Single().Value;

    private static string Beside(SimulatedPlan plan, string extension) =>
        Path.ChangeExtension(plan.Definition, extension);

    private static SimulatedDefinition Parse(string file)
    {
        try
        {
            using Stream stream = new HostFiles().Open(file);
            return JsonSerializer.Deserialize(stream, SimulatedDefinitionJson.Default.SimulatedDefinition)!;
        }
        catch (JsonException failure)
        {
            throw new HostException($"The file '{file}' is corrupted (0x80070570).", 0x80070570, failure);
        }
    }

    private static byte[] ReadAll(string file)
    {
        using Stream stream = new HostFiles().Open(file);
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private SimulatedPlan Plan(IReadOnlyDictionary<string, object?> arguments, string name) =>
        arguments.GetValueOrDefault(name) is CimPath path && Listed.FirstOrDefault(plan => PathOf(plan).Equals(path))
            is SimulatedPlan found
            ? found
            : throw new HostException("There is no such planned system (0x80041002).", 0x80041002);

    private CimAnswer Import(IReadOnlyDictionary<string, object?> arguments)
    {
        string file = (string)arguments["SystemDefinitionFile"]!;
        bool isNew = (bool)arguments["GenerateNewSystemIdentifier"]!;
        SimulatedDefinition definition = Parse(file);
        SimulatedMachine machine = new(
            host.Random, definition.Name, Path.GetDirectoryName(file)!, isNew ? null : definition.Id)
        {
            Version = definition.Version,
            IsOff = true,
            GuestState = definition.HasGuestState ? [] : null,
        };
        return host.Run("ImportSystemDefinition", machine, "ImportedSystem", job =>
        {
            RequireNew(machine.Id);
            SimulatedPlan plan = new(machine, file, definition.Checkpoints)
            {
                ListedFrom = host.Now + job.ListedLater,
            };
            foreach (SimulatedAttachment disk in definition.Disks)
            {
                plan.Images.Add(disk.Slot, disk.File);
            }

            host.Plans.Add(plan);
            if (isNew)
            {
                string made = Path.Join(machine.Folder, MadeFolder);
                Directory.CreateDirectory(made);
                File.Copy(file, Path.Join(made, SimulatedObjects.Text(machine.Id) + ".vmcx"));
            }

            return PathOf(plan);
        });
    }

    private CimAnswer Attach(IReadOnlyDictionary<string, object?> arguments)
    {
        XElement[] changed = [.. ((string[])arguments["ResourceSettings"]!).Select(text => XElement.Parse(text))];
        SimulatedPlan? plan = Listed.FirstOrDefault(
            candidate => Attachments(candidate).Any(part => part.Text("InstanceID") == Id(changed[0])));
        return plan is null
            ? InvalidArgument
            : host.Run("ModifyResourceSettings", plan.Machine, null, _ =>
            {
                foreach (XElement disk in changed)
                {
                    int place = plan.Images.Keys.Single(slot =>
                        SimulatedObjects.AttachmentId(plan.Machine, plan.Machine.Id, slot) == Id(disk));
                    plan.Images[place] = Value(disk, "HostResource")!;
                }

                return null;
            });
    }

    private CimAnswer? Settle(IReadOnlyDictionary<string, object?> arguments)
    {
        XElement changed = XElement.Parse((string)arguments["SystemSettings"]!);
        SimulatedPlan? plan = Listed.FirstOrDefault(candidate =>
            SimulatedObjects.SettingsPath(candidate.Machine.Id).Keys["InstanceID"] == Id(changed));
        return plan is null
            ? null
            : host.Run("ModifySystemSettings", plan.Machine, null, _ =>
            {
                plan.Machine.Name = Value(changed, "ElementName") ?? plan.Machine.Name;
                return null;
            });
    }

    private CimAnswer? Forget(IReadOnlyDictionary<string, object?> arguments)
    {
        SimulatedPlan? plan = Listed.FirstOrDefault(candidate => candidate.Missing.Exists(id =>
            SimulatedObjects.SettingsPath(id).Equals(arguments["AffectedSnapshot"])));
        return plan is null
            ? null
            : host.Run("DestroySnapshot", plan.Machine, null, _ =>
            {
                plan.Missing.RemoveAll(id => SimulatedObjects.SettingsPath(id).Equals(arguments["AffectedSnapshot"]));
                return null;
            });
    }

    private CimAnswer Realize(IReadOnlyDictionary<string, object?> arguments)
    {
        SimulatedPlan plan = Plan(arguments, "PlannedSystem");
        return host.Run("RealizePlannedSystem", plan.Machine, "ResultingSystem", _ =>
        {
            Check(plan);
            host.Plans.Remove(plan);
            if (plan.Machine.GuestState is not null)
            {
                plan.Machine.GuestState = ReadAll(Beside(plan, SimulatedConfiguration.GuestStateExtension));
            }

            foreach ((int slot, string file) in plan.Images)
            {
                plan.Machine.Attach(SimulatedDisk.Of(host.Random, file), slot);
            }

            host.Add(plan.Machine);
            return SimulatedObjects.PathOf(plan.Machine);
        });
    }

    private void RequireNew(Guid id)
    {
        if (host.Machines.Any(machine => machine.Id == id) || host.Plans.Exists(plan => plan.Machine.Id == id))
        {
            throw new HostException("A virtual machine of this identifier exists already.", 32768);
        }
    }

    private void Check(SimulatedPlan plan)
    {
        if (host.Machines.Any(machine => machine.Id == plan.Machine.Id))
        {
            throw new HostException("A virtual machine of this identifier exists already.", 32768);
        }

        if (plan.Missing.Count > 0)
        {
            throw new HostException("A checkpoint of the virtual machine is missing.", 32768);
        }

        if (plan.Machine.GuestState is not null
            && !File.Exists(Beside(plan, SimulatedConfiguration.GuestStateExtension)))
        {
            throw new HostException("The guest state of the virtual machine is missing.", 32779);
        }

        foreach (string file in plan.Images.Values)
        {
            try
            {
                DiskImage.Open(file).Dispose();
            }
            catch (DiskImageException failure)
            {
                throw new HostException($"The attachment '{file}' cannot be opened: {failure.Message}", 32779, failure);
            }
        }
    }
}
