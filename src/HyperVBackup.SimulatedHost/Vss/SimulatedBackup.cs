using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Vss;

namespace HyperVBackup.SimulatedHost.Vss;

/// <summary>One backup, which insists on the order of its calls.</summary>
internal sealed class SimulatedBackup(
    SimulatedProcess process, SimulatedVss service, VssOptions options, string? document = null) : IVssBackup
{
    private readonly List<(VssWriter Writer, VssComponent Component)> components = [];
    private readonly List<(Guid Id, string Volume)> volumes = [];
    private Guid set;
    private bool isGathered;
    private bool isPrepared;
    private bool isMade;
    private bool isEnded;

    public IReadOnlyList<VssWriter> GatherWriters() => process.Call("vss gather writers", () =>
    {
        Require(options.AsksWriters && set == Guid.Empty, "writers are gathered before the set is begun");
        isGathered = true;
        return (IReadOnlyList<VssWriter>)[.. service.Writers];
    });

    public Guid StartSet() => process.Call("vss start set", () =>
    {
        Require(set == Guid.Empty && isGathered == options.AsksWriters, "one set, after its writers");
        return set = service.NewId();
    });

    public void AddComponent(VssWriter writer, VssComponent component) => Act("vss add component", () =>
    {
        Require(set != Guid.Empty && !isPrepared, "components are added to a set that is not prepared");
        components.Add((writer, component));
    });

    public Guid AddVolume(string volume) => process.Call("vss add volume", () =>
    {
        Require(set != Guid.Empty && !isPrepared, "volumes are added to a set that is not prepared");
        volumes.Add((service.NewId(), volume));
        return volumes[^1].Id;
    });

    public void Prepare() => Act("vss prepare", () =>
    {
        Require(volumes.Count > 0 && !isPrepared, "what is prepared has volumes");
        isPrepared = true;
    });

    public IReadOnlyList<VssWriterStatus> GatherStatus() => process.Call("vss gather status", () =>
        (IReadOnlyList<VssWriterStatus>)[.. service.Writers.Select(writer =>
            service.WriterTrouble is { } trouble && trouble.IsAfter == isMade
                ? new VssWriterStatus(writer.Id, writer.Name, trouble.State, trouble.Failure)
                : new VssWriterStatus(writer.Id, writer.Name, isMade ? 5 : 1, 0))]);

    public void MakeSnapshots() => Act("vss make snapshots", () =>
    {
        Require(isPrepared && !isMade, "a set is made once, when it is prepared");
        service.Make(set, volumes, options.IsTransportable);
        isMade = true;
    });

    public VssSnapshot Look(Guid snapshot) => process.Call("vss look", () => service.Find(snapshot)
        ?? throw new HostException("There is no such shadow copy (0x80042308).", 0x80042308));

    public string SaveDocument() => process.Call("vss save", () =>
    {
        Require(isMade && options.IsTransportable, "what is transportable is saved once it is made");
        return set.ToString("D");
    });

    public void ImportSnapshots() => Act("vss import", () =>
    {
        Require(document is not null, "what is imported has a document");
        service.Import(Guid.Parse(document!));
    });

    public void SetSucceeded(VssWriter writer, VssComponent component, bool isBackedUp) =>
        Act("vss set succeeded", () =>
        {
            Require(isMade && components.Contains((writer, component)), "only what was chosen is told of");
            service.Told.Add($"{component.Name} {(isBackedUp ? "succeeded" : "failed")}");
        });

    public void Complete() => Act("vss complete", () =>
    {
        Require(isMade && !isEnded, "a backup ends once");
        isEnded = true;
        service.Told.Add("completed");
    });

    public void Abort() => Act("vss abort", () =>
    {
        Require(!isEnded, "a backup ends once");
        isEnded = true;
        service.Told.Add("aborted");
    });

    public void Dispose()
    {
        if (!process.IsDead && !options.IsPersistent && !options.IsTransportable && !service.IsStuck)
        {
            foreach ((Guid id, _) in volumes)
            {
                service.Delete(id);
            }
        }
    }

    private static void Require(bool isInOrder, string rule)
    {
        if (!isInOrder)
        {
            throw new HostException($"Not in this order: {rule} (VSS_E_BAD_STATE, 0x80042301).", 0x80042301);
        }
    }

    private void Act(string name, Action act) => process.Call(name, () =>
    {
        act();
        return true;
    });
}
