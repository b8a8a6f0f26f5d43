namespace HyperVBackup.Format.Points;

/// <summary>How soon the audit has to come to a place, on its way from the cursor over the end of the disk back to the
/// cursor.</summary>
/// <param name="PositionBytes">Where on the disk; the cursor itself means once around.</param>
/// <param name="RunCount">Within how many audited runs after this one, at least 1.</param>
public readonly record struct AuditDue(long PositionBytes, uint RunCount);
