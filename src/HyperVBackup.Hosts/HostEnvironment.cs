using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts;

/// <summary>What a machine's backup takes from outside.</summary>
public sealed record HostEnvironment
{
    public required ICimClient Cim { get; init; }

    public required IVirtualDiskHost Disks { get; init; }

    public IImageFiles Images { get; init; } = new ImageFiles();

    public IHostFiles Files { get; init; } = new HostFiles();

    /// <summary>What this program noted of its checkpoints, on this host.</summary>
    public required ICheckpointJournals Journals { get; init; }

    public required IWaiter Waiter { get; init; }

    /// <summary>Fills a span with random bytes; names checkpoints.</summary>
    public required Action<Span<byte>> Randomness { get; init; }

    /// <summary>Whether a restore point of the machine records a tracking id. Asked each time a checkpoint is about to
    /// be made: of the reference points held, those that no restore point follows are of no use.</summary>
    public required Func<string, bool> IsRecorded { get; init; }

    /// <summary>Takes sentences about what went wrong beside the backup itself.</summary>
    public Action<string> Warn { get; init; } = _ => { };
}
