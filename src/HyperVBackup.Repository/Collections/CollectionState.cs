using HyperVBackup.Format.Collections;

namespace HyperVBackup.Repository.Collections;

/// <summary>How far the highest collection has come; the ones below it are all executed.</summary>
/// <param name="Number">0 where there has been none.</param>
/// <param name="Condemned">What it proposes; null where there is none, or where it is decided already.</param>
/// <param name="Retired">What it deletes; null until it is decided.</param>
internal sealed record CollectionState(long Number, CollectionSet? Condemned, CollectionSet? Retired)
{
    /// <summary>Proposed, and not decided yet.</summary>
    public bool IsOpen => Number > 0 && Retired is null;

    /// <summary>What a session must not rely on that began when this was so.</summary>
    public AbsentSet Absent => (Retired ?? Condemned) is { } set ? new AbsentSet(set) : AbsentSet.None;
}
