using HyperVBackup.Hosts.Imports;
using HyperVBackup.Operations.Restore;

namespace HyperVBackup.Operations.Hosted;

/// <summary>What was restored of a machine.</summary>
/// <param name="Machine">The machine that a host has now; null where files were written only.</param>
/// <param name="Disks">Its images. Empty, as all else, where an earlier run had done it all.</param>
/// <param name="Script">What registers it on a host, in PowerShell; null where a host has it already.</param>
public sealed record HostedRestoreReport(
    ImportedMachine? Machine, IReadOnlyList<RestoredDisk> Disks, IReadOnlyList<RestoredFile> Files, string? Script);
