using HyperVBackup.Format;
using HyperVBackup.Format.Notes;

namespace HyperVBackup.Repository.Notes;

/// <summary>A damage note and the id in its name.</summary>
/// <param name="Note">Null where it cannot be read: then it says nothing.</param>
/// <param name="Complaint">Why it cannot; null where it can.</param>
/// <param name="IsKept">Whether it may be read another time: the store failed, the note itself may be sound.</param>
internal sealed record StoredDamageNote(SessionId Id, DamageNote? Note, string? Complaint = null, bool IsKept = false)
{
    public string Name => FileNames.DamageNote(Id);
}
