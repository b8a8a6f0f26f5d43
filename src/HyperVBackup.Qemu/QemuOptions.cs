namespace HyperVBackup.Qemu;

/// <summary>A running QEMU, and how to reach what belongs to it.</summary>
public sealed record QemuOptions
{
    /// <summary>Its monitor (QMP).</summary>
    public required PeerAddress Monitor { get; init; }

    /// <summary>The NBD server that runs in it; null to have it start one.</summary>
    public PeerAddress? Server { get; init; }

    /// <summary>The guest agent, which freezes the guest's file systems for a moment; null for none.</summary>
    public PeerAddress? GuestAgent { get; init; }

    /// <summary>Refuses a backup for which the guest's file systems could not be frozen.</summary>
    public bool RequireConsistent { get; init; }

    /// <summary>A folder of the hypervisor's host that it may write, for what the guest overwrites meanwhile.</summary>
    public required string ScratchFolder { get; init; }

    /// <summary>The block nodes to back up, at least one.</summary>
    public required IReadOnlyList<string> Nodes { get; init; }
}
