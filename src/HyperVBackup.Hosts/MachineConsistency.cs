namespace HyperVBackup.Hosts;

/// <summary>What the programs of a machine knew of a checkpoint.</summary>
public enum MachineConsistency
{
    /// <summary>They had written their state to disk.</summary>
    Application,

    /// <summary>Nothing: as after a power cut.</summary>
    Crash,

    /// <summary>The machine was off.</summary>
    Offline,
}
