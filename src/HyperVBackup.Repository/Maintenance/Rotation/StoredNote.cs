using HyperVBackup.Format;
using HyperVBackup.Format.Rotation;

namespace HyperVBackup.Repository.Maintenance.Rotation;

/// <summary>A note of what was verified, as it was found.</summary>
/// <param name="Note">Null where it cannot be read.</param>
/// <param name="Complaint">Why it cannot; null where it can.</param>
internal sealed record StoredNote(SessionId Id, VerifiedNote? Note, string? Complaint)
{
    public string Name => FileNames.Verified(Id);
}
