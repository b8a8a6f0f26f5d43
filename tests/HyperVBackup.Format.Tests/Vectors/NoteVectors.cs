using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Vectors of damage notes, as plain bodies and as files.</summary>
internal static class NoteVectors
{
    private const string Of = Structures.DamageNote;
    private const int HostAt = sizeof(long);
    private static readonly SessionId First = new([1, .. new byte[15]]);
    private static readonly Digest Id = new([9, .. new byte[31]]);

    public static void Add(VectorSet.Good good, VectorSet.Bad bad)
    {
        Sample sample = new(47);
        DamageNote empty = new() { Made = sample.Time(), Host = "", Places = [] };
        good.Add(Of, "empty", empty.Write());
        DamagedPlace[] places =
        [
            DamagedPlace.OfRecord(default, RecordType.Whole, Id),
            DamagedPlace.OfFile(new PackName(PackKind.Chunks, First, 1), false, 0),
            DamagedPlace.OfRecord(new(new PackName(PackKind.Chunks, First, 1), 144, 90), RecordType.Delta, Id),
            DamagedPlace.OfFile(new PackName(PackKind.Maps, First, 1), true, 77),
            DamagedPlace.OfRecord(
                new(new PackName(PackKind.Maps, First, 3), 144, 900), RecordType.List, Id, isSecondCopy: true)
                with { State = DamageState.Replaced },
        ];
        byte[] note = good.Add(Of, "sample", (empty with { Host = "hv", Places = places }).Write());
        AddBad(bad, note, HostAt + sizeof(ushort) + 2);
        FileHeader header = new(FileKind.DamageNote, sample.Repository(), FileNames.DamageNote(sample.Session()));
        byte[] file = good.Add(Structures.DamageNoteFile, "raw", RecordFile.Write(header, note, Compression.None));
        bad.Add(Structures.DamageNoteFile, "longer", "file: bytes after its record", [.. file, 0]);
    }

    private static void AddBad(VectorSet.Bad bad, byte[] note, int countAt)
    {
        int unknownAt = countAt + sizeof(uint);
        int fileAt = unknownAt + DamagedPlace.SizeBytes;
        int deltaAt = fileAt + DamagedPlace.SizeBytes;
        bad.Add(Of, "made", "damage note: made", note, 7, 0x7F);
        bad.Add(Of, "host-not-utf-8", "damage note: host: not UTF-8", note, HostAt + sizeof(ushort), 0xC0);
        bad.Add(Of, "more-places-than-bytes", "damage note: place count", note, countAt, 6);
        bad.Add(Of, "huge-place-count", "damage note: place count", note, countAt + 3, 0xFF);
        bad.Add(Of, "pack-kind-3", "damage note: pack kind", note, deltaAt + DamagedPlace.PackKindAt, 3);
        bad.Add(Of, "offset-in-no-pack", "damage note: place of no pack", note, unknownAt + DamagedPlace.OffsetAt, 1);
        bad.Add(Of, "file-of-no-pack", "damage note: place of no pack", note, unknownAt + DamagedPlace.TypeAt, 0);
        bad.Add(Of, "pack-without-session", "damage note: session", note, deltaAt + DamagedPlace.SessionAt, 0);
        bad.Add(Of, "copy-2", "damage note: copy", note, deltaAt + DamagedPlace.CopyAt, 2);
        bad.Add(Of, "second-chunk-pack", "damage note: copy", note, deltaAt + DamagedPlace.CopyAt, 1);
        bad.Add(Of, "type-5", "damage note: record type", note, deltaAt + DamagedPlace.TypeAt, 5);
        bad.Add(Of, "node-in-chunk-pack", "damage note: record type", note, deltaAt + DamagedPlace.TypeAt, 3);
        bad.Add(Of, "state-0", "damage note: state", note, deltaAt + DamagedPlace.StateAt, 0);
        bad.Add(Of, "state-3", "damage note: state", note, deltaAt + DamagedPlace.StateAt, 3);
        bad.Add(Of, "record-without-id", "damage note: id", note, deltaAt + DamagedPlace.IdAt, 0);
        bad.Add(Of, "file-with-id", "damage note: id", note, fileAt + DamagedPlace.IdAt, 1);
        bad.Add(Of, "record-without-length", "damage note: length", note, deltaAt + DamagedPlace.LengthAt, 0);
        bad.Add(Of, "file-with-length", "damage note: length", note, fileAt + DamagedPlace.LengthAt, 1);
        bad.Add(Of, "places-descend", "damage note: places do not ascend", note, fileAt + DamagedPlace.NumberAt, 2);
        bad.Add(Of, "shorter", "damage note: place count", note[..^1]);
        bad.Add(Of, "longer", "damage note: bytes after the last field", [.. note, 0]);
    }
}
