using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Sessions;

/// <summary>A chunk's record, ready to be appended: what its pack's footer will say of it.</summary>
/// <param name="Entry">The offset is not known yet.</param>
/// <param name="PageHashes">One per page of the chunk; <c>default</c> for pages of zeros.</param>
public readonly record struct EncodedChunk(PackEntry Entry, ReadOnlyMemory<Digest> PageHashes);
