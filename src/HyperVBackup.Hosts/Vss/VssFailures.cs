namespace HyperVBackup.Hosts.Vss;

/// <summary>What the numbers mean that shadow copies fail with, as far as it matters what is done then.</summary>
public static class VssFailures
{
    /// <summary>Another backup of the same cluster shared volume goes on.</summary>
    public const uint SharedVolumeBusy = 0x8007173D;

    /// <summary>Another set of shadow copies is being made on the host.</summary>
    public const uint SetInProgress = 0x80042316;

    /// <summary>Whether it passes when others have ended.</summary>
    public static bool IsBusy(uint code) => code is SharedVolumeBusy or SetInProgress;
}
