using HyperVBackup.Hosts;

namespace HyperVBackup.SimulatedHost.Machines;

/// <summary>Another backup program that works on a machine beside ours, and marks nothing: each of its checkpoints has
/// the name that the host gives it. It keeps the reference point of its newest one. Whatever of its things is gone when
/// it looks for it was taken from it.</summary>
public sealed class OtherProduct
{
    private readonly SimulatedMachine machine;
    private readonly Random random;
    private SimulatedCheckpoint? checkpoint;
    private SimulatedReferencePoint? held;

    internal OtherProduct(SimulatedMachine machine, int seed) => (this.machine, random) = (machine, new Random(seed));

    /// <summary>How often it begins or ends a backup: once in so many times that anything happens.</summary>
    public int Pace { get; set; } = 30;

    public int CheckpointsMade { get; private set; }

    /// <summary>How many of its checkpoints and reference points something else took away.</summary>
    public int TakenFromIt { get; private set; }

    /// <summary>What of its things is there.</summary>
    public IReadOnlyList<Guid> Things =>
        [.. ((Guid?[])[checkpoint?.Id, held?.Id]).Where(id => id is not null).Select(id => id!.Value)];

    /// <summary>Ends its backup, if one goes on.</summary>
    public void Finish(DateTimeOffset now)
    {
        Pace = 1;
        if (checkpoint is not null)
        {
            Act(now);
        }
    }

    internal void Act(DateTimeOffset now)
    {
        if (held is not null && !machine.ReferencePoints.Contains(held))
        {
            (held, TakenFromIt) = (null, TakenFromIt + 1);
        }

        if (checkpoint is not null && !machine.Checkpoints.Contains(checkpoint))
        {
            (checkpoint, TakenFromIt) = (null, TakenFromIt + 1);
        }

        if (random.Next(Pace) != 0)
        {
            return;
        }

        if (checkpoint is null)
        {
            checkpoint = machine.CreateCheckpoint(machine.Name + " - (backup)", true, now);
            CheckpointsMade++;
            return;
        }

        try
        {
            SimulatedReferencePoint? old = held;
            held = machine.Convert(checkpoint);
            checkpoint = null;
            if (old is not null)
            {
                machine.Destroy(old);
            }
        }
        catch (HostException)
        {
            // Another backup reads the images just now: it tries again the next time.
        }
    }
}
