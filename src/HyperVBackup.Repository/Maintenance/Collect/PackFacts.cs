using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>What one entry of the file of facts says: the records of a pack, and what they name. A pack never changes,
/// so this never does.</summary>
/// <param name="PackLengthBytes">Of one copy of the pack.</param>
/// <param name="AtBytes">Where the entry lies in the file.</param>
internal readonly record struct PackFacts(PackName Pack, long PackLengthBytes, long AtBytes);
