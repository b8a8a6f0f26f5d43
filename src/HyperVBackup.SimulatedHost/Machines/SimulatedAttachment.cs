namespace HyperVBackup.SimulatedHost.Machines;

/// <summary>A disk in a simulated machine's definition file.</summary>
internal sealed record SimulatedAttachment(int Slot, string File);
