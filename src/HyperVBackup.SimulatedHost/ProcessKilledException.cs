namespace HyperVBackup.SimulatedHost;

/// <summary>The simulated process is dead: nothing that it does has any effect any more.</summary>
public sealed class ProcessKilledException() : Exception("The process was killed.");
