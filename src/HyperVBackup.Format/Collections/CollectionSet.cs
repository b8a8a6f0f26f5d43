using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Collections;

/// <summary>
/// What <c>condemned/n</c> proposes to delete, or <c>retired/n</c> says is deleted; see repo-format/collection-set.md.
/// It names packs and points, never chunks. Immutable and thread-safe.
/// </summary>
public sealed class CollectionSet
{
    private const string What = "collection set";
    private const int PackSizeBytes = sizeof(byte) + SessionId.SizeBytes + sizeof(uint);
    private static readonly Comparer<PackName> PackOrder = Comparer<PackName>.Create(Compare);

    private readonly SessionId[] points;
    private readonly PackName[] packs;

    /// <param name="number">Of the collection, from 1.</param>
    /// <param name="points">In any order; repeated ones count once.</param>
    /// <param name="packs">The same. A map pack means both its copies; a parity file counts as a pack.</param>
    /// <exception cref="ArgumentException">A number below 1, or more entries than
    /// <see cref="FormatLimits.CollectionPointCountMax"/> and <see cref="FormatLimits.CollectionPackCountMax"/>.
    /// </exception>
    public CollectionSet(long number, IEnumerable<SessionId> points, IEnumerable<PackName> packs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        Number = number;
        this.points = [.. points.Distinct().Order()];
        this.packs = [.. packs.Distinct().Order(PackOrder)];
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            this.points.Length, FormatLimits.CollectionPointCountMax, nameof(points));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            this.packs.Length, FormatLimits.CollectionPackCountMax, nameof(packs));
    }

    private CollectionSet(long number, SessionId[] points, PackName[] packs) =>
        (Number, this.points, this.packs) = (number, points, packs);

    /// <summary>Of the collection, from 1.</summary>
    public long Number { get; }

    /// <summary>Restore points, ascending.</summary>
    public IReadOnlyList<SessionId> Points => points;

    /// <summary>Packs, ascending by kind, session and number.</summary>
    public IReadOnlyList<PackName> Packs => packs;

    public bool Contains(SessionId point) => Array.BinarySearch(points, point) >= 0;

    public bool Contains(PackName pack) => Array.BinarySearch(packs, pack, PackOrder) >= 0;

    /// <returns>The plain body of its record.</returns>
    public byte[] Write()
    {
        BodyWriter body = new();
        body.Count(Number);
        body.UInt32(points.Length);
        foreach (SessionId point in points)
        {
            body.Session(point);
        }

        body.UInt32(packs.Length);
        foreach (PackName pack in packs)
        {
            body.Byte((byte)pack.Kind);
            body.Session(pack.Session);
            body.UInt32(pack.Number);
        }

        return body.ToArray();
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/collection-set.md.</exception>
    public static CollectionSet Read(ReadOnlySpan<byte> plain)
    {
        BodyReader body = new(plain, What);
        long number = body.Count("number");
        body.Require(number > 0, "number");
        SessionId[] points = ReadPoints(ref body);
        PackName[] packs = ReadPacks(ref body);
        body.RequireEnd();
        return new CollectionSet(number, points, packs);
    }

    private static SessionId[] ReadPoints(ref BodyReader body)
    {
        SessionId[] points = new SessionId[ReadCount(
            ref body, "point count", FormatLimits.CollectionPointCountMax, SessionId.SizeBytes)];
        for (int index = 0; index < points.Length; index++)
        {
            points[index] = body.Session("point");
            body.Require(index == 0 || points[index - 1].CompareTo(points[index]) < 0, "points do not ascend");
        }

        return points;
    }

    private static PackName[] ReadPacks(ref BodyReader body)
    {
        PackName[] packs = new PackName[ReadCount(
            ref body, "pack count", FormatLimits.CollectionPackCountMax, PackSizeBytes)];
        for (int index = 0; index < packs.Length; index++)
        {
            PackKind kind = (PackKind)body.Byte("pack kind");
            body.Require(kind is PackKind.Chunks or PackKind.Maps or PackKind.Parity, "pack kind");
            packs[index] = new PackName(kind, body.Session("pack session"), body.UInt32("pack number"));
            body.Require(index == 0 || Compare(packs[index - 1], packs[index]) < 0, "packs do not ascend");
        }

        return packs;
    }

    /// <summary>No more than the body has room for, so that nothing is allocated for a mere claim.</summary>
    private static int ReadCount(ref BodyReader body, string field, int countMax, int entrySizeBytes)
    {
        uint count = body.UInt32(field);
        body.Require(count <= countMax && count * (long)entrySizeBytes <= body.RestLengthBytes, field);
        return (int)count;
    }

    private static int Compare(PackName left, PackName right)
    {
        int order = left.Kind.CompareTo(right.Kind);
        order = order != 0 ? order : left.Session.CompareTo(right.Session);
        return order != 0 ? order : left.Number.CompareTo(right.Number);
    }
}
