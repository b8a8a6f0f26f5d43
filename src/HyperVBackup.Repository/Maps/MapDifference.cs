using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maps;

/// <summary>A chunk that two maps hold differently. Past the end of a disk its chunks count as zeros.</summary>
/// <param name="ChunkIndex">Its place on both disks.</param>
/// <param name="Before">Its id in the first map.</param>
/// <param name="After">Its id in the second.</param>
/// <param name="AfterPlace">Where the second map says that its record lies; a hint.</param>
public readonly record struct MapDifference(long ChunkIndex, ChunkId Before, ChunkId After, RecordPlace AfterPlace);
