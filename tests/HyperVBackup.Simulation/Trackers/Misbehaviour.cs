namespace HyperVBackup.Simulation.Trackers;

/// <summary>What a change tracker does wrong, or unlike others, in one backup.</summary>
internal enum Misbehaviour
{
    None,

    /// <summary>Coarse granules, as after a power loss, beyond the disk's end too; unsorted, overlapping, twice.
    /// </summary>
    OverReports,

    /// <summary>Leaves out all that changed in one chunk.</summary>
    UnderReportsOneChunk,

    /// <summary>Covers less than it was asked about, in every answer.</summary>
    AnswersInParts,

    ZeroProgress,
    TooMuchProgress,
    UnequalLists,

    /// <summary>A range that no disk has.</summary>
    ImpossibleRange,

    /// <summary>Begins anew between two questions.</summary>
    ChangesIdWhileAsked,

    /// <summary>Begins anew while the disk is read, and forgets what was written since.</summary>
    ChangesIdWhileRead,

    /// <summary>Gives the state read the id of the state before, and knows no better afterwards. That is harmless while
    /// the newest point stands; without it, nobody could know.</summary>
    RepeatsItsId,

    /// <summary>Gives the state read the id of another disk's.</summary>
    SwapsIds,

    /// <summary>The lists of changes are gone; every id is unknown.</summary>
    Resets,

    AnswersForAnotherDisk,

    /// <summary>The disk is written to and resized while it is read.</summary>
    GrowsWhileRead,

    /// <summary>The disk that is read is itself longer all of a sudden.</summary>
    ViewGrows,

    FailsAtACall,
}
