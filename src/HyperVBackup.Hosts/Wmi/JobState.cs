using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Hosts.Wmi;

/// <summary>How far a host's job is, as Msvm_ConcreteJob says it.</summary>
[SuppressMessage("Design", "CA1028", Justification = "The width WMI has.")]
public enum JobState : ushort
{
    New = 2,
    Starting = 3,
    Running = 4,
    Suspended = 5,
    ShuttingDown = 6,
    Completed = 7,
    Terminated = 8,
    Killed = 9,
    Exception = 10,
    Service = 11,
    QueryPending = 12,

    /// <summary>Done, and something is to be said of it.</summary>
    CompletedWithWarnings = 32768,
}
