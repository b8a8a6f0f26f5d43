using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Maps;

/// <summary>One segment of a list, as the list's head names it.</summary>
/// <param name="FirstKey">The first chunk index, or the first range's start in bytes.</param>
/// <param name="EntryCount">Entries in the segment, 1 to 25,000.</param>
/// <param name="Place">A hint; <c>default</c> where not known.</param>
public readonly record struct ListSegment(ListId Id, long FirstKey, int EntryCount, RecordPlace Place);
