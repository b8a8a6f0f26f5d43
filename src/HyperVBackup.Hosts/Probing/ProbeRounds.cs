using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Machines;

namespace HyperVBackup.Hosts.Probing;

/// <summary>Backups of a machine that go nowhere. Not thread-safe.</summary>
/// <param name="owner">Whose the checkpoints are.</param>
/// <param name="environment">What it says is recorded is not asked.</param>
/// <param name="noted">The tracking ids that an earlier probe noted.</param>
internal sealed class ProbeRounds(
    string owner, Guid machine, HostEnvironment environment, params IEnumerable<string> noted)
{
    private readonly HashSet<string> recorded = [.. noted];

    private readonly HostOptions options = new()
    {
        Machine = machine,
        Owner = owner,
        AllowCrashConsistent = true,
        AllowWithoutConfiguration = true,
    };

    /// <summary>Makes a checkpoint.</summary>
    /// <exception cref="HostException">It cannot be made.</exception>
    public MachineSnapshot Take() => MachineSnapshot.Take(options, Environment);

    /// <summary>Makes the checkpoint a reference point, the only one of this owner then.</summary>
    /// <param name="note">Takes the tracking ids of the disks, before the reference points before it go; none where one
    /// disk has none.</param>
    public void Seal(MachineSnapshot snapshot, Action<string[]> note)
    {
        string?[] ids = [.. snapshot.Disks.Select((_, position) => snapshot.Seal(position))];
        recorded.Clear();
        recorded.UnionWith(ids.OfType<string>());
        note(ids.All(id => id is not null) ? [.. ids.OfType<string>()] : []);
        snapshot.Confirm();
    }

    /// <summary>Takes away what is left on the host of this owner's.</summary>
    public void Clean()
    {
        recorded.Clear();
        try
        {
            using CycleJournal journal = CycleJournal.Open(
                environment.Journals, owner, options.Machine, environment.Warn);
            CycleContext context = new(options, Environment, journal);
            if (context.Catalog.FindMachine(options.Machine) is { } found)
            {
                Leftovers leftovers = new(context, new HostCalls(context));
                leftovers.Clear(found);
                leftovers.KeepNewest(found);
            }
        }
        catch (HostException failure)
        {
            environment.Warn($"{failure.Message} What is left of the probe is taken away by the next one.");
        }
    }

    private HostEnvironment Environment => environment with { IsRecorded = recorded.Contains };
}
