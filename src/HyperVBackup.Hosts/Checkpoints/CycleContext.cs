using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>What the steps of one machine's backup share.</summary>
internal sealed record CycleContext(HostOptions Options, HostEnvironment Environment, CycleJournal Journal)
{
    public HostCatalog Catalog { get; } = new(Environment.Cim);

    public HostJobs Jobs { get; } = new(Environment.Cim, Environment.Waiter, Environment.Warn);

    /// <summary>What was warned of already.</summary>
    public HashSet<string> Told { get; private init; } = [];

    /// <summary>The same for taking away what must not stay, which a cancellation leaves some time for.</summary>
    public CycleContext ForCleanUp() =>
        new(Options, Environment with { Waiter = Environment.Waiter.ForCleanUp() }, Journal) { Told = Told };

    /// <summary>The machine, once nothing else goes on with it.</summary>
    /// <exception cref="HostException">It is not on this host, or busy for too long.</exception>
    public VirtualMachine FindQuietMachine()
    {
        VirtualMachine? machine = null;
        string? busy = null;
        Poll(
            () =>
            {
                machine = Catalog.FindMachine(Options.Machine)
                    ?? throw new HostException($"There is no machine {Options.Machine} on this host (any more).");
                busy = machine.Busy ?? (Jobs.IsAnyRunning(machine.Path) ? "a job of the host's changes it" : null);
                return busy is null;
            },
            Options.BusyPatience);
        return busy is null
            ? machine!
            : throw new HostException($"The machine '{machine!.Name}' is busy: {busy}; run again when that is over.");
    }

    /// <inheritdoc cref="Polling.Poll"/>
    public bool Poll(Func<bool> question, TimeSpan patience) => Environment.Waiter.Poll(question, patience);
}
