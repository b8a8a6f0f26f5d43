using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Points;

/// <summary>How far a disk's change source is believed, and how far it was checked, as in repo-format/restore-point.md.
/// Immutable; equal by reference to its lists.</summary>
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

    /// <summary>The catches that this point knows of and that nothing had ended; ascending, at most 256, and some
    /// exactly where <see cref="Trust"/> is <see cref="SourceTrust.Distrusted"/>.</summary>
    public IReadOnlyList<SourceCatch> OpenCatches { get; init; } = [];

    /// <summary>The catches that a full comparison ended, at this point or an earlier one, while other points still
    /// name them; ascending, at most 256, none of them open.</summary>
    public IReadOnlyList<SourceCatch> EndedCatches { get; init; } = [];

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

        WriteCatches(body, OpenCatches);
        WriteCatches(body, EndedCatches);
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

        return new DiskAudit
        {
            Trust = trust,
            HorizonRunCount = horizonRunCount,
            Dues = dues,
            OpenCatches = ReadCatches(ref body, "open catch count"),
            EndedCatches = ReadCatches(ref body, "ended catch count"),
        };
    }

    private static void WriteCatches(BodyWriter body, IReadOnlyList<SourceCatch> catches)
    {
        body.UInt16(catches.Count);
        foreach (SourceCatch one in catches)
        {
            body.Session(one.Point);
            body.UInt16(one.DiskIndex);
        }
    }

    private static SourceCatch[] ReadCatches(ref BodyReader body, string field)
    {
        int count = body.UInt16(field);
        body.Require(count <= FormatLimits.SourceCatchCountMax, field);
        SourceCatch[] catches = new SourceCatch[count];
        for (int index = 0; index < count; index++)
        {
            catches[index] = new SourceCatch(body.Session("catch"), body.UInt16("catch"));
        }

        return catches;
    }

    /// <summary>The first rule broken, or null; the same rules hold for writing and reading.</summary>
    internal string? FindFault(long virtualSizeBytes)
    {
        if (!Enum.IsDefined(Trust) || (Trust == SourceTrust.Distrusted) != (OpenCatches.Count > 0)
            || (Trust == SourceTrust.Undoubted && EndedCatches.Count > 0))
        {
            return "trust";
        }

        if (!AreCatches(OpenCatches) || !AreCatches(EndedCatches) || OpenCatches.Intersect(EndedCatches).Any())
        {
            return "catches";
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

    private static bool AreCatches(IReadOnlyList<SourceCatch> catches)
    {
        SourceCatch before = default;
        foreach (SourceCatch one in catches)
        {
            if (one.Point.IsNone || one.DiskIndex is < 0 or >= FormatLimits.DiskCountMax || one.CompareTo(before) <= 0)
            {
                return false;
            }

            before = one;
        }

        return catches.Count <= FormatLimits.SourceCatchCountMax;
    }
}
