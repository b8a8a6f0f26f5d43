using HyperVBackup.Hosts.Probing;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Probing;

/// <summary>A probe finds what simulated hosts do otherwise than hoped for, and leaves nothing.</summary>
public sealed class HostProbeTests : IDisposable
{
    private readonly TestFolder folder = TestFolder.InMemory();
    private readonly SimulatedHyperV host;
    private readonly SimulatedMachine machine;
    private readonly SimulatedProcess process;

    public HostProbeTests()
    {
        JobPlan plainly = new() { Duration = TimeSpan.FromSeconds(1) };
        host = new SimulatedHyperV(folder.Path, 1) { PlanFor = _ => plainly };
        machine = host.AddMachine("Throw-away");
        machine.IdsOutliveReferencePoints = true;
        machine.AddDisk("system", 512 << 10).WriteRandomly(20);
        machine.AddDisk("data", 512 << 10).WriteRandomly(20);
        process = new SimulatedProcess(host);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Where_all_is_as_hoped_for_all_that_is_asked_holds()
    {
        RequireResults(Probe(), holds: [1, 2, 3, 6, 7, 8, 9], doesNotHold: []);
        machine.IsOff = true;
        IReadOnlyList<ProbePoint> off = Probe();
        RequireResults(off, holds: [2, 3, 4, 6, 7, 8, 9], doesNotHold: []);
        Assert.Contains("have the guest write", off[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Changes_that_are_not_told_are_seen()
    {
        machine.Disks[1].IsBlind = true;
        RequireResults(Probe(), holds: [2, 3, 6, 7, 8, 9], doesNotHold: [1]);
    }

    [Fact]
    public void A_name_that_is_not_given_is_seen()
    {
        host.NamesCheckpoints = false;
        RequireResults(Probe(), holds: [1, 3, 6, 7, 8, 9], doesNotHold: [2]);
    }

    [Fact]
    public void Answers_in_parts_are_seen()
    {
        host.AnsweredBytesMax = 64 << 10;
        RequireResults(Probe(), holds: [1, 2, 6, 7, 8, 9], doesNotHold: [3]);
    }

    [Fact]
    public void Changes_that_are_refused_are_seen()
    {
        host.ChangeError = VirtualDisks.VirtualDiskError.MissingChangeTrackingInformation;
        RequireResults(Probe(), holds: [2, 6, 8, 9], doesNotHold: [1, 3, 7]);
    }

    [Fact]
    public void A_machine_that_is_off_and_gets_no_checkpoint_is_seen()
    {
        machine.IsOff = true;
        host.PlanFor = method => method.StartsWith("CreateSnapshot", StringComparison.Ordinal)
            ? new JobPlan { Refusal = 2 }
            : new JobPlan();
        RequireResults(Probe(), holds: [8], doesNotHold: [4]);
        machine.IsOff = false;
        RequireResults(Probe(), holds: [8], doesNotHold: [2]);
    }

    [Fact]
    public void Disks_that_cannot_be_read_are_seen()
    {
        process.Watch = name =>
        {
            if (name == "read disk")
            {
                throw new HostException("The device is not ready (0x80070015).", 0x80070015);
            }
        };
        RequireResults(Probe(), holds: [2, 8, 9], doesNotHold: [6]);
    }

    [Fact]
    public void Ids_that_end_with_their_reference_point_are_seen()
    {
        machine.IdsOutliveReferencePoints = false;
        RequireResults(Probe(), holds: [1, 2, 3, 6, 8, 9], doesNotHold: [7]);
    }

    [Fact]
    public void A_host_that_does_not_answer_is_seen()
    {
        host.IsSilent = true;
        RequireResults(Probe(), holds: [], doesNotHold: [8]);
    }

    [Fact]
    public void A_machine_that_is_not_tracked_is_seen()
    {
        machine.IsTracked = false;
        RequireResults(Probe(), holds: [2, 6, 8], doesNotHold: [9]);
    }

    [Fact]
    public void Whichever_call_of_the_host_fails_the_next_probe_leaves_nothing()
    {
        int count = 0;
        process.Watch = name => count += IsOfTheHost(name) ? 1 : 0;
        Probe();
        int calls = count;
        for (int failing = 1; failing <= calls; failing += 5)
        {
            int at = failing;
            count = 0;
            process.Watch = name =>
            {
                if (IsOfTheHost(name) && ++count == at)
                {
                    throw new HostException("It fails this once.", 1);
                }
            };
            Probe();
            process.Watch = null;
            Probe(); // what the host refused to remove then, the next one does
            RequireNothingLeft();
        }
    }

    /// <summary>And not of the notes.</summary>
    private static bool IsOfTheHost(string call) => !call.EndsWith("notes", StringComparison.Ordinal);

    private IReadOnlyList<ProbePoint> Probe() =>
        HostProbe.Run(machine.Id, process.NewEnvironment(_ => throw new InvalidOperationException("Not asked.")));

    private void RequireResults(IReadOnlyList<ProbePoint> points, int[] holds, int[] doesNotHold)
    {
        Assert.Equal(Enumerable.Range(1, 9), points.Select(point => point.Number));
        Assert.Equal(doesNotHold, Of(ProbeResult.DoesNotHold));
        Assert.Equal(holds, Of(ProbeResult.Holds));
        RequireNothingLeft();

        IEnumerable<int> Of(ProbeResult result) =>
            points.Where(point => point.Result == result).Select(point => point.Number);
    }

    private void RequireNothingLeft()
    {
        Assert.Empty(machine.Checkpoints);
        Assert.Empty(machine.ReferencePoints);
    }
}
