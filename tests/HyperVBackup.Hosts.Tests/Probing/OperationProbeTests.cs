using HyperVBackup.Hosts.Probing;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Probing;

/// <summary>What tracking tells after something was done to a simulated machine is seen, and nothing is left.</summary>
public sealed class OperationProbeTests : IDisposable
{
    private readonly TestFolder folder = TestFolder.InMemory();
    private readonly SimulatedHyperV host;
    private readonly SimulatedMachine machine;
    private readonly SimulatedProcess process;

    public OperationProbeTests()
    {
        JobPlan plainly = new() { Duration = TimeSpan.FromSeconds(1) };
        host = new SimulatedHyperV(folder.Path, 1) { PlanFor = _ => plainly };
        machine = host.AddMachine("Throw-away");
        machine.IsWriting = false;
        machine.AddDisk("system", 512 << 10).WriteRandomly(20);
        machine.AddDisk("data", 512 << 10).WriteRandomly(20);
        process = new SimulatedProcess(host);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_is_told_after_all_is_seen()
    {
        RequireAfter(Write, ProbeResult.Holds, "changed, 0 of them untold");
        RequireAfter(
            () =>
            {
                Write();
                machine.Disks[0].LosePower();
            },
            ProbeResult.Holds, "changed, 0 of them untold");
        RequireAfter(() => { }, ProbeResult.NotAsked, "nothing changed");
    }

    [Fact]
    public void Changes_that_an_operation_hides_are_seen()
    {
        machine.Disks[1].IsBlind = true;
        RequireAfter(Write, ProbeResult.DoesNotHold, "untold");
    }

    [Fact]
    public void What_makes_the_next_backup_compare_is_seen()
    {
        RequireAfter(() => machine.Disks[0].Resize(1 << 20), ProbeResult.Holds, "the disk was resized");
        RequireAfter(machine.Disks[0].ResetTracking, ProbeResult.Holds, "asked, the host refuses");
        machine.CreateCheckpoint("by hand", false, host.Now);
        RequireAfter(
            () => machine.Apply(machine.Checkpoints.Single()), ProbeResult.Holds, "a checkpoint was applied");
    }

    [Fact]
    public void Between_the_two_one_reference_point_stays_also_beside_another_probe()
    {
        OperationProbe.Begin(machine.Id, Environment());
        HostProbe.Run(machine.Id, Environment());
        OperationProbe.Begin(machine.Id, Environment());
        Assert.Empty(machine.Checkpoints);
        Assert.Single(machine.ReferencePoints);

        Write();
        Assert.Equal(ProbeResult.Holds, OperationProbe.End(machine.Id, Environment()).Result);
        Assert.Contains(
            "Nothing is noted",
            Assert.Throws<HostException>(() => OperationProbe.End(machine.Id, Environment())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_machine_that_is_not_tracked_is_told_of_and_keeps_nothing()
    {
        machine.IsTracked = false;
        Assert.Throws<HostException>(() => OperationProbe.Begin(machine.Id, Environment()));
        OperationProbe.Begin(machine.Id, Tracked());
        Assert.Single(machine.ReferencePoints);

        HostEnvironment Tracked()
        {
            machine.IsTracked = true;
            return Environment();
        }
    }

    [Fact]
    public void Wherever_one_is_killed_the_next_ones_leave_nothing()
    {
        for (int at = 1; IsKilled(at, environment => OperationProbe.Begin(machine.Id, environment)); at += 3)
        {
            After(Write);
        }

        OperationProbe.Begin(machine.Id, Environment());
        for (int at = 1; IsKilled(at, environment => OperationProbe.End(machine.Id, environment)); at += 3)
        {
            After(Write);
            OperationProbe.Begin(machine.Id, Environment());
        }
    }

    private bool IsKilled(int atCall, Action<HostEnvironment> run)
    {
        SimulatedProcess killed = new(host) { KilledBefore = atCall };
        try
        {
            run(killed.NewEnvironment(_ => false));
        }
        catch (ProcessKilledException)
        {
            host.Advance(TimeSpan.FromMinutes(1)); // its jobs end without it
        }

        return killed.Calls.Count >= atCall;
    }

    private void Write() => machine.Disks.ToList().ForEach(disk => disk.WriteRandomly(3));

    private HostEnvironment Environment() =>
        process.NewEnvironment(_ => throw new InvalidOperationException("Not asked."));

    private void RequireAfter(Action operation, ProbeResult result, string said)
    {
        ProbePoint point = After(operation);
        Assert.Equal(result, point.Result);
        Assert.Contains(said, point.Detail, StringComparison.Ordinal);
    }

    private ProbePoint After(Action operation)
    {
        OperationProbe.Begin(machine.Id, Environment());
        operation();
        ProbePoint point = OperationProbe.End(machine.Id, Environment());
        foreach (SimulatedCheckpoint checkpoint in machine.Checkpoints.ToList())
        {
            Assert.False(checkpoint.IsRecovery);
            machine.RemoveCheckpoint(checkpoint);
        }

        Assert.Empty(machine.ReferencePoints);
        Assert.Equal(5, point.Number);
        return point;
    }
}
