using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Hosts.Vss;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Vss;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Vss;

public sealed class ShadowCopySetTests
{
    private static readonly VssComponent Machine = new("", "0B6F", "A machine", []);

    private static readonly VssWriter Writer = new(Guid.Parse("66841cd4-6ded-4f4b-8f17-fd23f8ddc3de"), new Guid(1, 2,
        3, new byte[8]), "Microsoft Hyper-V VSS Writer", [Machine]);

    public static TheoryData<int, bool> Failures()
    {
        TheoryData<int, bool> failures = [];
        for (int state = 6; state <= 15; state++)
        {
            failures.Add(state, false);
            failures.Add(state, true);
        }

        return failures;
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_writer_that_fails_fails_the_set_and_nothing_is_left(int state, bool isAfter)
    {
        using Fleet fleet = await Fleet.MakeAsync(31, 1, _ => "D:", _ => false);
        IVssRequester requester = NewRequester(fleet);
        fleet.Host.Vss.WriterTrouble = (state, 0x800423F4, isAfter);
        ShadowCopySet set = Begin(requester);
        HostException failure = Assert.Throws<HostException>(() => set.Make(["D:"]));
        Assert.Contains($"'{Writer.Name}' failed (state {state}, 0x800423F4)", failure.Message);
        Assert.Equal(isAfter ? 1 : 0, fleet.Host.Vss.Count);
        set.Delete();
        Assert.Equal(0, fleet.Host.Vss.Count);
        Assert.Equal(["aborted"], fleet.Host.Vss.Told);
    }

    [Fact]
    public async Task Writers_are_told_of_each_component_and_that_it_is_over()
    {
        using Fleet fleet = await Fleet.MakeAsync(32, 1, _ => "D:", _ => false);
        IVssRequester requester = NewRequester(fleet);
        using ShadowCopySet set = Begin(requester);
        set.Make(["D:"]);
        VssSnapshot made = Assert.Single(set.Snapshots);
        Assert.Equal((set.Id, "D:"), (made.SetId, made.Volume));
        set.Complete(component => component == Machine);
        set.Delete();
        Assert.Equal(["0B6F succeeded", "completed"], fleet.Host.Vss.Told);
        Assert.Equal(0, fleet.Host.Vss.Count);
    }

    [Fact]
    public async Task A_set_is_found_by_its_id_when_who_asked_for_it_is_gone()
    {
        using Fleet fleet = await Fleet.MakeAsync(33, 1, _ => "D:", _ => false);
        SimulatedProcess killed = fleet.NewProcess();
        ShadowCopySet set = ShadowCopySet.Begin(
            new SimulatedRequester(killed, fleet.Host.Vss), new VssOptions(AsksWriters: false));
        set.Make(["D:"]);
        killed.Kill();
        Assert.Equal(1, fleet.Host.Vss.Count);
        ShadowCopySet.Delete(NewRequester(fleet), new Guid(9, 9, 9, new byte[8]));
        Assert.Equal(1, fleet.Host.Vss.Count);
        ShadowCopySet.Delete(NewRequester(fleet), set.Id);
        Assert.Equal(0, fleet.Host.Vss.Count);
    }

    private static SimulatedRequester NewRequester(Fleet fleet)
    {
        fleet.Host.Vss.Writers.Add(Writer);
        return new SimulatedRequester(fleet.NewProcess(), fleet.Host.Vss);
    }

    private static ShadowCopySet Begin(IVssRequester requester) => ShadowCopySet.Begin(
        requester, new VssOptions(AsksWriters: true),
        writers => writers.SelectMany(writer => writer.Components, (writer, component) => (writer, component)));
}
