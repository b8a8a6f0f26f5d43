using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Sessions;

/// <summary>A record ready to be appended: what its pack's footer will say of it.</summary>
/// <param name="Entry">The offset is not known yet.</param>
/// <param name="PageHashes">Of a whole record: one per page of the chunk; <c>default</c> for pages it does not hold.
/// </param>
/// <param name="Recipe">Of a delta. Where it names the record before it, it has no hint for that yet.</param>
public readonly record struct EncodedRecord(
    PackEntry Entry, ReadOnlyMemory<Digest> PageHashes, Recipe? Recipe = null);
