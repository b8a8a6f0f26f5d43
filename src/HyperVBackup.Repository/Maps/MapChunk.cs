using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maps;

/// <summary>What a map says of one chunk: its id (zero for zeros), and where its record may lie.</summary>
public readonly record struct MapChunk(ChunkId Id, RecordPlace Place);
