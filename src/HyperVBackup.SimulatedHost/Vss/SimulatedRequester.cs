using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Vss;

namespace HyperVBackup.SimulatedHost.Vss;

/// <summary>A process that asks a host's volume shadow copy service: each call is one of the process's, which may be
/// killed before it.</summary>
public sealed class SimulatedRequester(SimulatedProcess process, SimulatedVss service) : IVssRequester
{
    public VssVolume VolumeOf(string path) => process.Call("vss volume of file", () => service.VolumeOf(path));

    public IVssBackup Begin(VssOptions options) =>
        process.Call("vss begin", () => new SimulatedBackup(process, service, options));

    public IVssBackup BeginImport(string document) => process.Call("vss begin import", () => new SimulatedBackup(
        process, service, new VssOptions(AsksWriters: false, IsTransportable: true), document));

    public IReadOnlyList<VssSnapshot> SnapshotsOf(Guid set) =>
        process.Call("vss query", () => service.SnapshotsOf(set));

    public void Delete(Guid snapshot) => process.Call("vss delete", () =>
    {
        service.Delete(snapshot);
        return true;
    });
}
