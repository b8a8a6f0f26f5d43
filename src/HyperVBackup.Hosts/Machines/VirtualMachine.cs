using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Machines;

/// <summary>A virtual machine as its host shows it at one moment.</summary>
internal sealed record VirtualMachine(CimPath Path, Guid Id, string Name, ulong EnabledState, ulong? Operation)
{
    private const ulong Off = 3;

    private static readonly Dictionary<ulong, string> Operations = new()
    {
        [32768] = "a checkpoint of it is being made",
        [32769] = "a checkpoint is being applied to it",
        [32770] = "a checkpoint of it is being deleted",
        [32771] = "it waits for another operation to begin",
        [32772] = "its disks are being merged",
        [32773] = "it is being exported",
        [32774] = "it is being migrated",
    };

    public bool IsOff => EnabledState == Off;

    /// <summary>Half a sentence about what keeps it busy; null where nothing does.</summary>
    public string? Busy => Operation is ulong operation
        ? Operations.GetValueOrDefault(operation, $"its operational status is {operation}")
        : null;
}
