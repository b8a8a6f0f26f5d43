namespace HyperVBackup.Hosts.Imports;

/// <summary>Which machine to bring to a host, and as what.</summary>
public sealed record ImportOptions
{
    /// <summary>The machine that was backed up.</summary>
    public required Guid Machine { get; init; }

    /// <summary>Whose import it is; see <see cref="HostOptions.Owner"/>.</summary>
    public required string Owner { get; init; }

    /// <summary>Where the machine's files go, as a full path of the host's; empty or missing, and used by nothing else
    /// meanwhile.</summary>
    public required string Folder { get; init; }

    /// <summary>Gives it the id that it had, which no machine of the host may have then; otherwise it gets a new one.
    /// Whether another node of a cluster has it is not asked.</summary>
    public bool AsOriginal { get; init; }

    /// <summary>The restore point whose files are written: another one's import is not gone on with.</summary>
    public string Point { get; init; } = "";

    /// <summary>What it is called; null for what it was called.</summary>
    public string? Name { get; init; }

    /// <summary>How long to wait where the host is busy with it.</summary>
    public TimeSpan BusyPatience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long one job of the host's may take.</summary>
    public TimeSpan JobPatience { get; init; } = TimeSpan.FromMinutes(15);
}
