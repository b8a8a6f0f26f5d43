using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>What the steps of one machine's backup share.</summary>
internal sealed record CycleContext(HostOptions Options, HostEnvironment Environment, CycleJournal Journal)
{
    /// <summary>What a host made may appear in its listings this much later.</summary>
    public static readonly TimeSpan ListingPatience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

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

    /// <summary>Asks again and again until the answer is yes.</summary>
    /// <returns>Whether it was before the time was over.</returns>
    public bool Poll(Func<bool> question, TimeSpan patience)
    {
        DateTimeOffset end = Environment.Waiter.Now + patience;
        while (!question())
        {
            if (Environment.Waiter.Now >= end)
            {
                return false;
            }

            Environment.Waiter.Wait(LookAgain);
        }

        return true;
    }
}
