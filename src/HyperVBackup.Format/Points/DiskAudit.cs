using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Points;

/// <summary>How far a disk's change source is believed, and how far it was checked, as in repo-format/restore-point.md.
/// Immutable; equal by reference to its dues.</summary>
public sealed record DiskAudit
{
    /// <summary>A <see cref="HorizonRunCount"/> where nothing is audited.</summary>
    public const uint Never = uint.MaxValue;

    /// <summary>Never caught, and all compared.</summary>
    public static DiskAudit Whole { get; } = new();

    public SourceTrust Trust { get; init; }

    /// <summary>After so many further runs with the budget of this one, all of the disk was compared again since the
    /// runs before this one: no error that this point holds is left unnoticed. 0: all was compared for this point.
    /// </summary>
    public uint HorizonRunCount { get; init; }

    /// <summary>Ascending by runs, and by the way from the cursor; at most 100.</summary>
    public IReadOnlyList<AuditDue> Dues { get; init; } = [];

    internal void WriteTo(BodyWriter body)
    {
        body.Byte((byte)Trust);
        body.UInt32(HorizonRunCount);
        body.UInt16(Dues.Count);
        foreach (AuditDue due in Dues)
        {
            body.Count(due.PositionBytes);
            body.UInt32(due.RunCount);
        }
    }

    internal static DiskAudit Read(ref BodyReader body)
    {
        SourceTrust trust = (SourceTrust)body.Byte("trust");
        uint horizonRunCount = body.UInt32("horizon");
        int count = body.UInt16("due count");
        body.Require(count <= FormatLimits.AuditDueCountMax, "due count");
        AuditDue[] dues = new AuditDue[count];
        for (int index = 0; index < count; index++)
        {
            dues[index] = new AuditDue(body.Count("due position"), body.UInt32("due runs"));
        }

        return new DiskAudit { Trust = trust, HorizonRunCount = horizonRunCount, Dues = dues };
    }

    /// <summary>The first rule broken, or null; the same rules hold for writing and reading.</summary>
    internal string? FindFault(long virtualSizeBytes)
    {
        if (!Enum.IsDefined(Trust))
        {
            return "trust";
        }

        if (Dues.Count > FormatLimits.AuditDueCountMax)
        {
            return "due count";
        }

        uint before = 1;
        foreach (AuditDue due in Dues)
        {
            if (due.PositionBytes < 0 || due.PositionBytes >= virtualSizeBytes || due.RunCount < before)
            {
                return "audit dues";
            }

            before = due.RunCount;
        }

        return null;
    }
}
