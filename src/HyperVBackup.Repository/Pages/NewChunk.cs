using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Pages;

/// <summary>A chunk that is to be stored, and where its parent's chunk at the same place may lie.</summary>
/// <param name="PageHashes">One for each page; zero for pages of zeros.</param>
/// <param name="ParentPlace"><c>default</c> where there is none.</param>
public readonly record struct NewChunk(ChunkId Id, ReadOnlyMemory<Digest> PageHashes, RecordPlace ParentPlace);
