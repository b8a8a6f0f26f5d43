using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Notes;

/// <summary>One entry of a <see cref="DamageNote"/>: a record that is damaged, or a pack's file of which more than
/// records is.</summary>
/// <param name="Pack">Default for a record that has no good copy anywhere, wherever copies lay.</param>
/// <param name="IsSecondCopy">Of a map pack: which of its two files.</param>
/// <param name="Type">Of the record; 0 where the file's header or footer, or the file as a whole, is meant.</param>
/// <param name="OffsetBytes">Where in the file.</param>
/// <param name="LengthBytes">Of the record; 0 where a file is meant, or the place is not known.</param>
/// <param name="Id">Of the record; zero where a file is meant.</param>
public readonly record struct DamagedPlace(
    PackName Pack, bool IsSecondCopy, RecordType Type, DamageState State, uint OffsetBytes, uint LengthBytes, Digest Id)
{
    internal const int PackKindAt = 0;
    internal const int CopyAt = PackKindAt + sizeof(byte);
    internal const int TypeAt = CopyAt + sizeof(byte);
    internal const int StateAt = TypeAt + sizeof(byte);
    internal const int SessionAt = StateAt + sizeof(byte);
    internal const int NumberAt = SessionAt + SessionId.SizeBytes;
    internal const int OffsetAt = NumberAt + sizeof(uint);
    internal const int LengthAt = OffsetAt + sizeof(uint);
    internal const int IdAt = LengthAt + sizeof(uint);
    internal const int SizeBytes = IdAt + Digest.SizeBytes;

    private const PackKind NoKind = default;

    /// <summary>A file, not a record in it.</summary>
    public bool IsFile => Type == default;

    /// <summary>The file's name; "packs" where it is not known.</summary>
    public string BlobName => Pack.Session.IsNone ? "packs" : IsSecondCopy ? Pack.MirrorBlobName : Pack.BlobName;

    /// <summary>Where the record lies; default where that is not known, or where a file is meant.</summary>
    public RecordPlace Place => LengthBytes == 0 ? default : new RecordPlace(Pack, OffsetBytes, LengthBytes);

    /// <summary>A record of a chunk pack, or of one copy of a map pack.</summary>
    /// <param name="place">Where it lies; default for one that has no good copy anywhere.</param>
    public static DamagedPlace OfRecord(
        RecordPlace place, RecordType type, Digest id, bool isSecondCopy = false) => new(
        place.IsUnknown ? default : place.Pack, isSecondCopy, type, DamageState.Damaged, place.OffsetBytes,
        place.LengthBytes, id);

    /// <summary>One copy of a pack, from header to footer.</summary>
    public static DamagedPlace OfFile(PackName pack, bool isSecondCopy, uint offsetBytes) =>
        new(pack, isSecondCopy, default, DamageState.Damaged, offsetBytes, 0, default);

    internal void WriteTo(BodyWriter body)
    {
        body.Byte((byte)Pack.Kind);
        body.Byte(IsSecondCopy ? (byte)1 : (byte)0);
        body.Byte((byte)Type);
        body.Byte((byte)State);
        body.Session(Pack.Session);
        body.UInt32(Pack.Number);
        body.UInt32(OffsetBytes);
        body.UInt32(LengthBytes);
        body.Digest(Id);
    }

    internal static DamagedPlace Read(ref BodyReader body)
    {
        PackKind kind = (PackKind)body.Byte("pack kind");
        byte copy = body.Byte("copy");
        RecordType type = (RecordType)body.Byte("record type");
        DamageState state = (DamageState)body.Byte("state");
        PackName pack = new(kind, body.Session("session"), body.UInt32("pack number"));
        DamagedPlace place = new(
            pack, copy == 1, type, state, body.UInt32("offset"), body.UInt32("length"), body.Digest("id"));
        body.Require(kind is NoKind or PackKind.Chunks or PackKind.Maps, "pack kind");
        body.Require(kind != NoKind || place.IsOfNoPack, "place of no pack");
        body.Require(kind == NoKind || !pack.Session.IsNone, "session");
        body.Require(copy == 0 || (copy == 1 && kind == PackKind.Maps), "copy");
        body.Require(place.IsFile || type is >= RecordType.Whole and <= RecordType.List, "record type");
        body.Require(kind == NoKind || place.IsFile || kind == KindOf(type), "record type");
        body.Require(state is DamageState.Damaged or DamageState.Replaced, "state");
        body.Require(place.Id.IsZero == place.IsFile, "id");
        body.Require((place.LengthBytes == 0) == (place.IsFile || kind == NoKind), "length");
        return place;
    }

    private bool IsOfNoPack => Pack == default && OffsetBytes == 0 && LengthBytes == 0 && !IsFile;

    private static PackKind KindOf(RecordType type) =>
        type is RecordType.Whole or RecordType.Delta ? PackKind.Chunks : PackKind.Maps;
}
