namespace HyperVBackup.Hosts.Probing;

/// <summary>What was found of one point.</summary>
public enum ProbeResult
{
    /// <summary>Nothing was found: the host or the machine gave no occasion.</summary>
    NotAsked,

    /// <summary>It is as hoped for, this time.</summary>
    Holds,

    /// <summary>It is not.</summary>
    DoesNotHold,
}
