namespace HyperVBackup.Hosts.Wmi;

/// <summary>What the numbers mean that methods of Hyper-V's WMI objects return. Two families do not overlap: small ones
/// from the snapshot service and those that make reference points, and those from 32768 on from all others.</summary>
public static class ReturnCodes
{
    public const uint Done = 0;
    public const uint InvalidState = 5;
    public const uint JobStarted = 4096;
    public const uint InUse = 32774;
    public const uint OtherInvalidState = 32775;

    private static readonly Dictionary<uint, string> Meanings = new()
    {
        [1] = "it is not supported",
        [2] = "it failed",
        [3] = "it took too long",
        [4] = "an argument is not valid",
        [InvalidState] = "the virtual machine is in a state that does not allow it",
        [6] = "the type is not valid",
        [32768] = "it failed",
        [32769] = "access was denied: run elevated, as a member of the host's administrators",
        [32770] = "it is not supported",
        [32771] = "its status is not known",
        [32772] = "it took too long",
        [32773] = "an argument is not valid",
        [InUse] = "the virtual machine is in use by another operation",
        [OtherInvalidState] = "the virtual machine is in a state that does not allow it",
        [32776] = "a value has the wrong type",
        [32777] = "the system is not available",
        [32778] = "memory ran out",
        [32779] = "a file was not found",
    };

    /// <summary>Half a sentence.</summary>
    public static string MeaningOf(uint code) => Meanings.GetValueOrDefault(code, $"it returned {code}");

    /// <summary>Whether the same call may succeed once something else has ended.</summary>
    public static bool IsBusy(uint code) => code is InvalidState or InUse or OtherInvalidState;
}
