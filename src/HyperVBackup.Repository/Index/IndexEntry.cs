using HyperVBackup.Format;

namespace HyperVBackup.Repository.Index;

/// <summary>One chunk of a pack: where its record begins, and its length with the header.</summary>
public readonly record struct IndexEntry(ChunkId Id, uint OffsetBytes, uint LengthBytes);
