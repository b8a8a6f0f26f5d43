using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Wmi;
using HyperVBackup.SimulatedHost.Machines;

namespace HyperVBackup.SimulatedHost;

/// <summary>What a method began. It goes on whatever becomes of who called it.</summary>
internal sealed class SimulatedJob(
    string id, JobPlan plan, DateTimeOffset now, IReadOnlyList<SimulatedMachine> machines, Action act)
{
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(5);

    private readonly DateTimeOffset end = now + (plan.Duration ?? TimeSpan.Zero);

    public string Id => id;

    /// <summary>Whether it changes a machine.</summary>
    public bool IsOf(SimulatedMachine machine) => machines.Contains(machine);

    public JobState State { get; private set; } = JobState.Running;

    public string Error { get; private set; } = "";

    /// <summary>What it made.</summary>
    public CimPath? Result { get; set; }

    public bool IsOver => State != JobState.Running;

    /// <summary>Ends it if its time has come.</summary>
    public void Advance(DateTimeOffset time)
    {
        if (IsOver || time < end)
        {
            return;
        }

        (State, Error) = (plan.End, plan.Error);
        if (plan.DoesIt)
        {
            try
            {
                act();
            }
            catch (HostException failure)
            {
                (State, Error) = (JobState.Exception, failure.Message);
            }
        }
    }

    public bool IsGone(DateTimeOffset time) => IsOver && (plan.Vanishes || time > end + KeptFor);
}
