using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>An id that is needed now and was not before, or the reverse.</summary>
/// <param name="By">1 where it is needed now, -1 where it is not any more.</param>
internal readonly record struct TurnedId(Digest Id, int By);
