using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Backup;

/// <summary>What to back up: the disks of one VM, into one restore point.</summary>
public sealed record BackupRequest
{
    /// <summary>The VM's name, as <see cref="Format.Points.VmName"/> allows.</summary>
    public required string VmName { get; init; }

    /// <summary>What names the VM for good: its GUID; null for a VM known by its name alone.</summary>
    public string? VmIdentity { get; init; }

    /// <summary>The disks, at least one; names differ (without case).</summary>
    public required IReadOnlyList<DiskRequest> Disks { get; init; }

    /// <summary>Reads whole disks and takes nothing from an earlier point.</summary>
    public bool Full { get; init; }

    /// <summary>Percent of the allocated chunks to audit in each incremental, 0 to 100; null for the usual budget.
    /// </summary>
    public double? AuditPercent { get; init; }

    /// <summary>Before this time, which is to come, nothing takes the restore point away; null where anybody may.
    /// </summary>
    public DateTimeOffset? ImmutableUntil { get; init; }

    /// <summary>Disks are read no faster, in bytes a second, at least 1; null for as fast as they are.</summary>
    public long? ReadBytesPerSecondMax { get; init; }

    public Consistency Consistency { get; init; }

    /// <summary>Asked once the disks are open, in place of <see cref="Consistency"/>: only then does a running machine
    /// know whether it stood still. Null where it is known before.</summary>
    public Func<Consistency>? FindConsistency { get; init; }

    /// <summary>Asked once the disks are open: the files of the VM's configuration, read before any source is sealed.
    /// Null where there are none.</summary>
    public Func<IReadOnlyList<ConfigurationSource>>? FindConfiguration { get; init; }
}
