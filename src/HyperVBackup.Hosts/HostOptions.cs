using System.Text.RegularExpressions;

namespace HyperVBackup.Hosts;

/// <summary>Which machine to back up, and what may be done for it.</summary>
public sealed partial record HostOptions
{
    /// <summary>The machine's GUID.</summary>
    public required Guid Machine { get; init; }

    /// <summary>Whose checkpoints and reference points are ours: stands in the names of checkpoints. Another one for
    /// each repository. From 1 to 40 lower-case letters, digits and hyphens.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public required string Owner
    {
        get;
        init => field = IsOwner().IsMatch(value)
            ? value
            : throw new ArgumentException($"'{value}' names no owner of checkpoints.");
    }

    /// <summary>Where the machine's programs cannot be brought to rest, takes a checkpoint as of a power cut, and
    /// records it as such; otherwise the backup fails.</summary>
    public bool AllowCrashConsistent { get; init; }

    /// <summary>Where the files of the machine's configuration cannot be found, makes a restore point without them,
    /// with a warning; otherwise the backup fails. Without them a virtual TPM's secrets are lost.</summary>
    public bool AllowWithoutConfiguration { get; init; }

    /// <summary>Where the host tracks no changes (VHD disks, configuration versions before 6.2, tracking off), leaves
    /// each backup's checkpoint in place until the next one: the images that are written since tell what changed. They
    /// take the room of all that is written between two backups. Otherwise nothing stays, and each backup reads the
    /// disks and compares them by checksum.</summary>
    public bool KeepCheckpoints { get; init; }

    /// <summary>Recovery checkpoints, by InstanceID, that a person says are left of ours: they are removed as if they
    /// were marked. For those that a warning names because nothing proves whose they are.</summary>
    public IReadOnlyList<string> OwnCheckpoints { get; init; } = [];

    /// <summary>Recovery checkpoints, by InstanceID, that a person says are another program's: they stay, and no
    /// warning speaks of them.</summary>
    public IReadOnlyList<string> OthersCheckpoints { get; init; } = [];

    /// <summary>How long to wait for what else goes on with the machine to end; zero to refuse at once.</summary>
    public TimeSpan BusyPatience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long one job of the host's may take.</summary>
    public TimeSpan JobPatience { get; init; } = TimeSpan.FromMinutes(15);

    [GeneratedRegex("^[a-z0-9-]{1,40}$")]
    private static partial Regex IsOwner();
}
