namespace HyperVBackup.Repository.Parity;

/// <summary>What parity can do for a pack.</summary>
internal enum PackFate
{
    /// <summary>It is as it was published.</summary>
    Whole,

    /// <summary>Its bytes are known and proven; it can be mended where it lies.</summary>
    Mendable,

    /// <summary>The same, but it is missing, or longer than it was, or mending it did not make it whole: its records
    /// are to be copied into other packs.</summary>
    Copyable,

    /// <summary>More is damaged than parity makes good; some of its records may be good in what was computed.</summary>
    Lost,
}
