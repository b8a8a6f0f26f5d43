namespace HyperVBackup.ProtocolModel.Tests.Model;

/// <summary>One step of the protocol done otherwise. Each breaks it, and the model must notice: a model that does
/// not is too small to be trusted. N are changes of the protocol of sessions and collections, D of its additions for
/// delta records.</summary>
public enum Change
{
    /// <summary>The protocol as it is.</summary>
    None,

    /// <summary>N1: W2 before W1: what is condemned is read before the lease is put.</summary>
    CondemnedReadBeforeLease,

    /// <summary>N2: C5 and C6 skipped: the collector waits for nobody.</summary>
    WaitSkipped,

    /// <summary>N3: leases are listed before C4 puts the condemned list.</summary>
    LeasesListedBeforeCondemning,

    /// <summary>N4: C7 skipped: what is needed is what was needed at the proposal.</summary>
    NeededNotListedAgain,

    /// <summary>N5: C7 before C6: points are listed before the older sessions are decided.</summary>
    NeededListedBeforeWait,

    /// <summary>N6: W4 takes hits in absent packs.</summary>
    HitsInAbsentPacks,

    /// <summary>N7: W3 takes an absent point for a parent.</summary>
    AbsentParent,

    /// <summary>N8: W2 reads retired lists only.</summary>
    CondemnedNotRead,

    /// <summary>N9: the parent is chosen and read before the lease is put.</summary>
    ParentReadBeforeLease,

    /// <summary>N10: the lease is deleted before the commit.</summary>
    LeaseDeletedBeforeCommit,

    /// <summary>N11: cleaning deletes leases of undecided sessions.</summary>
    UndecidedLeaseCleaned,

    /// <summary>N12: C6 deletes a lease where it should put a fence.</summary>
    LeaseDeletedInsteadOfFence,

    /// <summary>N13: others remove a session's fence.</summary>
    FenceCleaned,

    /// <summary>N14: C9 deletes packs before points.</summary>
    PacksDeletedFirst,

    /// <summary>N15: C8 counts copies inside the delete set.</summary>
    CopiesInDeleteSetCounted,

    /// <summary>N16: each collector deletes what it decided itself, not what the retired list says.</summary>
    OwnDeleteSetFollowed,

    /// <summary>N17: a collection begins before the one before it is executed.</summary>
    NextBeforeExecuted,

    /// <summary>N18: old retired lists are removed.</summary>
    OldRetiredRemoved,

    /// <summary>N19: who takes over an open collection skips C5.</summary>
    WaitSkippedOnTakeover,

    /// <summary>N20: W4 takes a hit without looking whether its pack exists.</summary>
    HitNotConfirmed,

    /// <summary>N21: C5 waits only for sessions older than the collection before.</summary>
    WaitTooShort,

    /// <summary>N22: the packs of a fenced session are deleted directly.</summary>
    FencedPacksDeleted,

    /// <summary>N23: a session run again keeps what it looked up before.</summary>
    LookUpsKeptOnRetry,

    /// <summary>N24: the commit is put a second time.</summary>
    CommitRepeated,

    /// <summary>N25: repack deletes the old pack itself.</summary>
    RepackDeletes,

    /// <summary>N26: prune deletes points itself.</summary>
    PruneDeletes,

    /// <summary>N27: C6 does not wait for readers.</summary>
    ReadersIgnored,

    /// <summary>N28: an open collection is left to who opened it: safe, but not live.</summary>
    NoTakeover,

    /// <summary>D1: C3 and C8 count any record as a copy and do not follow its recipe.</summary>
    AnyRecordCounts,

    /// <summary>D2: C8 takes the data a recipe names from inside the delete set.</summary>
    BasesInDeleteSetCounted,

    /// <summary>D3: a new recipe names data in an absent pack.</summary>
    BaseInAbsentPack,

    /// <summary>D4: the record of an inherited chunk serves as base unasked.</summary>
    InheritedBaseUnasked,

    /// <summary>D5: a hit on a recipe counts without looking for the data it names.</summary>
    RecipeHitWithoutBases,

    /// <summary>D6: a base known of old is not confirmed to exist.</summary>
    BaseNotConfirmed,

    /// <summary>D7: C8 mixes the record of one recipe with the data of another.</summary>
    RecipesMixed,

    /// <summary>D8: recipes name chunks, and any copy of the chunk counts as their base.</summary>
    BaseByChunk,

    /// <summary>D9: a dangling record of a needed chunk is treated as damage: safe, but not live.</summary>
    DanglingIsDamage,
}
