using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maps;

/// <summary>A node in its place in a disk's map.</summary>
/// <param name="Id">The node.</param>
/// <param name="Level">Its level, from 1.</param>
/// <param name="Place">Where it may lie; a hint.</param>
/// <param name="StartBytes">The first byte of the disk that it covers.</param>
/// <param name="EndBytes">One past the last, at most the disk's size.</param>
public readonly record struct MapPart(NodeId Id, byte Level, RecordPlace Place, long StartBytes, long EndBytes);
