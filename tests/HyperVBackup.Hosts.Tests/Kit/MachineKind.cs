namespace HyperVBackup.Hosts.Tests.Kit;

/// <summary>What a host can tell of a machine's changes.</summary>
public enum MachineKind
{
    /// <summary>It tracks them.</summary>
    Tracked,

    /// <summary>Of configuration version 5.0, with VHD disks.</summary>
    OldWithVhd,

    /// <summary>With VHDX disks, and tracking is off.</summary>
    TrackingOff,

    /// <summary>It tracks them once it has made a reference point, and does not say so before.</summary>
    TrackedFromFirstPoint,
}
