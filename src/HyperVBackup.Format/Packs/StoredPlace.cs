using System.Buffers.Binary;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Packs;

/// <summary>A place as lists and restore points store it, as in repo-format/lists.md: 28 bytes, all zero where it is
/// not known. The kind of pack is not stored; it follows from where the place stands.</summary>
internal static class StoredPlace
{
    public const int SessionAt = 0;
    public const int NumberAt = SessionAt + SessionId.SizeBytes;
    public const int OffsetAt = NumberAt + sizeof(uint);
    public const int LengthAt = OffsetAt + sizeof(uint);
    public const int SizeBytes = LengthAt + sizeof(uint);

    public static void Write(in RecordPlace place, PackKind kind, Span<byte> output)
    {
        Span<byte> bytes = output[..SizeBytes];
        bytes.Clear();
        if (place.IsUnknown)
        {
            return;
        }

        Require(place, kind);
        place.Pack.Session.WriteTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[NumberAt..], place.Pack.Number);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[OffsetAt..], place.OffsetBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[LengthAt..], place.LengthBytes);
    }

    public static RecordPlace Read(ReadOnlySpan<byte> bytes, PackKind kind)
    {
        bytes = bytes[..SizeBytes];
        RecordPlace place = new(
            new PackName(
                kind,
                new SessionId(bytes[..SessionId.SizeBytes]),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[NumberAt..])),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[OffsetAt..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[LengthAt..]));
        bool isUnknown = place.Pack.Session.IsNone
            && (place.Pack.Number | place.OffsetBytes | place.LengthBytes) == 0;
        Corrupt.Unless(isUnknown || IsPossible(place), "place: no record can lie there");
        return isUnknown ? default : place;
    }

    /// <summary>True when a record of that length can lie at that offset of a pack.</summary>
    public static bool IsPossible(in RecordPlace place) =>
        !place.Pack.Session.IsNone
        && place.OffsetBytes >= FileHeader.SizeBytes
        && place.LengthBytes > Record.HeaderSizeBytes
        && (long)place.OffsetBytes + place.LengthBytes <= FormatLimits.PackLengthMaxBytes;

    /// <summary>Refuses a place that could not be read back as it is.</summary>
    public static void Require(in RecordPlace place, PackKind kind)
    {
        if (place.Pack.Kind != kind || !IsPossible(place))
        {
            throw new ArgumentException($"No record of that kind can lie at {place}.", nameof(place));
        }
    }
}
