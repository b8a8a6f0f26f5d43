namespace HyperVBackup.Disks.Changes;

/// <summary>Ties views of a disk that is written meanwhile together, one after the other.</summary>
/// <param name="Text">Names a moment, not after that of the view, since which all changes are recorded. Another one for
/// each such moment.</param>
/// <param name="ChangedSince">What changed from that moment to the view's: elsewhere all views with the same text hold
/// the same bytes. They lie inside the disk.</param>
public sealed record ViewStamp(string Text, ChangedRanges ChangedSince);
