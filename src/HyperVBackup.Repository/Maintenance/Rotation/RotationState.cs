namespace HyperVBackup.Repository.Maintenance.Rotation;

/// <summary>How far a rotation has come.</summary>
/// <param name="Cursor">The position of what is read next.</param>
/// <param name="DoneShare">In billionths, see <see cref="Format.Rotation.VerifiedNote.DoneShare"/>.</param>
/// <param name="IsAllRead">Whether this run has read every pack.</param>
internal readonly record struct RotationState(ulong Cursor, uint DoneShare, bool IsAllRead);
