using HyperVBackup.Format;

namespace HyperVBackup.Operations.Hosted;

/// <summary>Which machine to restore as a whole, where to, and as what.</summary>
public sealed record HostedRestoreRequest
{
    public required SessionId Point { get; init; }

    /// <summary>Where its files go, as a full path; empty or missing.</summary>
    public required string Folder { get; init; }

    /// <summary>Gives the machine and its disks the identities that they had, which no machine of the host may have
    /// then; otherwise they get new ones.</summary>
    public bool AsOriginal { get; init; }

    /// <summary>What it is to be called; null for what it was called.</summary>
    public string? Name { get; init; }
}
