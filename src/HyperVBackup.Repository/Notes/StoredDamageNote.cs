using HyperVBackup.Format;
using HyperVBackup.Format.Notes;

namespace HyperVBackup.Repository.Notes;

/// <summary>A damage note and the id in its name.</summary>
/// <param name="Note">Null where it cannot be read: then it says nothing.</param>
internal sealed record StoredDamageNote(SessionId Id, DamageNote? Note);
