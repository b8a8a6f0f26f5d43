using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Notes;

/// <summary>Tells all hosts of damaged places; see repo-format/damage-note.md. Immutable and thread-safe.</summary>
public sealed record DamageNote
{
    private const string What = "damage note";
    private static readonly Comparer<DamagedPlace> Order = Comparer<DamagedPlace>.Create(Compare);

    /// <summary>When it was put; for people only. Kept in whole milliseconds.</summary>
    public required DateTimeOffset Made { get; init; }

    /// <summary>The host that put it; for people only.</summary>
    public required string Host { get; init; }

    /// <summary>As <see cref="Sort"/> gives them; at most <see cref="FormatLimits.DamagedPlaceCountMax"/>.</summary>
    public required IReadOnlyList<DamagedPlace> Places { get; init; }

    /// <summary>The places as a note lists them: by pack, copy and offset, none twice.</summary>
    public static List<DamagedPlace> Sort(IEnumerable<DamagedPlace> places) => [.. places.Distinct().Order(Order)];

    /// <returns>The plain body of its record.</returns>
    /// <exception cref="ArgumentException">The host or the list is longer than a note may hold, or the list is not
    /// sorted.</exception>
    public byte[] Write()
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            Places.Count, FormatLimits.DamagedPlaceCountMax, nameof(Places));
        BodyWriter body = new();
        body.Time(Made);
        body.Text(Host, FormatLimits.TextLengthMaxBytes);
        body.UInt32(Places.Count);
        for (int index = 0; index < Places.Count; index++)
        {
            ArgumentOutOfRangeException.ThrowIfEqual(
                index > 0 && Compare(Places[index - 1], Places[index]) >= 0, true, nameof(Places));
            Places[index].WriteTo(body);
        }

        return body.ToArray();
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/damage-note.md.</exception>
    public static DamageNote Read(ReadOnlySpan<byte> plain)
    {
        BodyReader body = new(plain, What);
        DateTimeOffset made = body.Time("made");
        string host = body.Text("host", FormatLimits.TextLengthMaxBytes);
        uint count = body.UInt32("place count");
        body.Require(
            count <= FormatLimits.DamagedPlaceCountMax
            && count <= (uint)(body.RestLengthBytes / DamagedPlace.SizeBytes),
            "place count");
        DamagedPlace[] places = new DamagedPlace[count];
        for (int index = 0; index < places.Length; index++)
        {
            places[index] = DamagedPlace.Read(ref body);
            body.Require(
                index == 0 || Compare(places[index - 1], places[index]) < 0, "places do not ascend");
        }

        body.RequireEnd();
        return new DamageNote { Made = made, Host = host, Places = places };
    }

    private static int Compare(DamagedPlace left, DamagedPlace right)
    {
        (PackName one, PackName other) = (left.Pack, right.Pack);
        int order = one.Kind.CompareTo(other.Kind);
        order = order != 0 ? order : one.Session.CompareTo(other.Session);
        order = order != 0 ? order : one.Number.CompareTo(other.Number);
        order = order != 0 ? order : left.IsSecondCopy.CompareTo(right.IsSecondCopy);
        order = order != 0 ? order : left.OffsetBytes.CompareTo(right.OffsetBytes);
        order = order != 0 ? order : left.Type.CompareTo(right.Type);
        order = order != 0 ? order : left.LengthBytes.CompareTo(right.LengthBytes);
        order = order != 0 ? order : left.Id.CompareTo(right.Id);
        return order != 0 ? order : left.State.CompareTo(right.State);
    }
}
