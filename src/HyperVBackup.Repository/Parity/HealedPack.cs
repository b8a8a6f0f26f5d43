using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Parity;

/// <summary>A pack of a group that was read and computed.</summary>
/// <param name="DamagedBytes">In blocks that were not as they should be.</param>
/// <param name="LostBytes">Of these, in blocks that could not be computed.</param>
/// <param name="Complaint">Of a pack that is lost: what is wrong.</param>
internal sealed record HealedPack(
    PackName Name, long LengthBytes, PackFate Fate, long DamagedBytes, long LostBytes, string? Complaint);
