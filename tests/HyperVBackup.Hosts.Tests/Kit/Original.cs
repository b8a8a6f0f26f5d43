using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Kit;

/// <summary>A machine as it was before something was restored beside it.</summary>
internal sealed class Original
{
    private readonly SimulatedMachine machine;
    private readonly string state;

    public Original(SimulatedMachine machine)
    {
        machine.IsWriting = false;
        this.machine = machine;
        state = StateOf(machine);
    }

    /// <summary>Nothing of it is other than it was, and it is there.</summary>
    public void RequireUntouched(SimulatedHyperV host)
    {
        Assert.Contains(machine, host.Machines);
        Assert.Equal(state, StateOf(machine));
    }

    private static string StateOf(SimulatedMachine machine) => string.Join(
        '\n',
        (string[])
        [
            machine.Name, $"{machine.IsOff}",
            .. machine.Disks.Select(disk =>
                $"{disk.Path} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(disk.ReadAll()))}"),
            .. machine.Checkpoints.Select(checkpoint => $"{checkpoint.Id}"),
            .. machine.ReferencePoints.Select(point => $"{point.Id}"),
        ]);
}
