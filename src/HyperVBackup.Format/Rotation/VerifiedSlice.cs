namespace HyperVBackup.Format.Rotation;

/// <summary>A stretch of the order in which chunk packs are verified, up to where the next one starts.</summary>
/// <param name="Start">The position it starts at; see <see cref="VerifiedNote.PositionOf"/>.</param>
/// <param name="Run">The run that read its packs last; 0 for none.</param>
/// <param name="Time">When that run did, by its clock, for people; 1970 where there is none.</param>
public readonly record struct VerifiedSlice(ulong Start, uint Run, DateTimeOffset Time)
{
    /// <summary>All of the order, never read.</summary>
    public static VerifiedSlice Never => new(0, 0, DateTimeOffset.UnixEpoch);
}
