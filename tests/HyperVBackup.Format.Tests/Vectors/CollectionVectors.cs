using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Vectors of prune marks, collections and signs of life, pins, as plain bodies and as files.</summary>
internal static class CollectionVectors
{
    private const int PointCountAt = sizeof(ulong);
    private const int FirstPointAt = PointCountAt + sizeof(uint);

    public static void Add(VectorSet.Good good, VectorSet.Bad bad)
    {
        Sample sample = new(31);
        AddSets(good, bad, sample);
        AddMarks(good, bad, sample);
        AddSigns(good, bad, sample);
        AddFiles(good, bad, sample);
        AddPins(good, bad, sample);
    }

    private static void AddSets(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        const string Of = Structures.CollectionSet;
        good.Add(Of, "empty", new CollectionSet(1, [], []).Write());
        good.Add(Of, "largest-number", new CollectionSet(long.MaxValue, [sample.Session()], []).Write());
        CollectionSet set = new(7, [First, Second], [.. sample.Collection(7).Packs.Take(2)]);
        byte[] bytes = good.Add(Of, "sample", set.Write());
        int packCountAt = FirstPointAt + (2 * SessionId.SizeBytes);
        int firstPackAt = packCountAt + sizeof(uint);
        bad.Add(Of, "number-0", "collection set: number", bytes, 0, 0);
        bad.Add(Of, "number-negative", "collection set: number", bytes, 7, 0x80);
        bad.Add(Of, "more-points-than-bytes", "collection set: point count", bytes, PointCountAt + 1, 1);
        bad.Add(Of, "points-descend", "collection set: points do not ascend", bytes, FirstPointAt, 3);
        bad.Add(Of, "point-twice", "collection set: points do not ascend", bytes, FirstPointAt, 2);
        bad.Add(Of, "more-packs-than-bytes", "collection set: pack count", bytes, packCountAt, 3);
        bad.Add(Of, "pack-kind-0", "collection set: pack kind", bytes, firstPackAt, 0);
        bad.Add(Of, "pack-kind-4", "collection set: pack kind", bytes, firstPackAt, 4);
        PackName parity = new(PackKind.Parity, First, 5);
        good.Add(Of, "with-parity", new CollectionSet(8, [], [.. set.Packs, parity]).Write());
        bad.Add(Of, "packs-descend", "collection set: packs do not ascend", bytes, firstPackAt + 1, 0xFF);
        bad.Add(Of, "longer", "collection set: bytes after the last field", [.. bytes, 0]);
        bad.Add(Of, "no-packs", "collection set: pack count: the body ends", bytes[..packCountAt]);
        bad.Add(Of, "huge-point-count", "collection set: point count", bytes, PointCountAt + 3, 0xFF);
        bad.Add(Of, "huge-pack-count", "collection set: pack count", bytes, packCountAt + 3, 0xFF);
    }

    /// <summary>Two ids that differ in their first byte alone: 1 and 2.</summary>
    private static SessionId First { get; } = new([1, .. new byte[15]]);

    private static SessionId Second { get; } = new([2, .. new byte[15]]);

    private static void AddMarks(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        const string Of = Structures.PruneMark;
        byte[] mark = good.Add(Of, "sample", sample.PruneMark().Write());
        good.Add(Of, "without-words", (sample.PruneMark() with { Host = "", Why = "" }).Write());
        bad.Add(Of, "time", "prune mark: time", mark, 7, 0x7F);
        bad.Add(Of, "host-length", "prune mark: host: length", mark, 9, 0x20);
        bad.Add(Of, "host-not-utf-8", "prune mark: host: not UTF-8", mark, 10, 0xC0);
        bad.Add(Of, "shorter", "prune mark: why: the body ends", mark[..^1]);
        bad.Add(Of, "longer", "prune mark: bytes after the last field", [.. mark, 0]);
    }

    private static void AddSigns(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        const string Of = Structures.SignOfLife;
        byte[] sign = good.Add(Of, "sample", new SignOfLife(1, sample.Time()).Write());
        bad.Add(Of, "counter-0", "sign of life: counter", sign, 0, 0);
        bad.Add(Of, "counter-negative", "sign of life: counter", sign, 7, 0x80);
        bad.Add(Of, "time", "sign of life: time", sign, 15, 0x7F);
        bad.Add(Of, "shorter", "sign of life: time: the body ends", sign[..^1]);
        bad.Add(Of, "longer", "sign of life: bytes after the last field", [.. sign, 0]);
    }

    private static void AddPins(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        const string Of = Structures.Pin;
        byte[] kept = good.Add(Of, "kept", (sample.Pin() with { ImmutableUntil = null }).Write());
        byte[] immutable = good.Add(Of, "immutable", (sample.Pin() with { ImmutableUntil = sample.Time() }).Write());
        bad.Add(Of, "kind-0", "pin: kind", kept, 0, 0);
        bad.Add(Of, "kind-3", "pin: kind", kept, 0, 3);
        bad.Add(Of, "until", "pin: until", immutable, 8, 0x7F);
        bad.Add(Of, "made", "pin: made", kept, 8, 0x7F);
        bad.Add(Of, "host-length", "pin: host: length", kept, 10, 0x20);
        bad.Add(Of, "shorter", "pin: host: the body ends", kept[..^1]);
        bad.Add(Of, "longer", "pin: bytes after the last field", [.. immutable, 0]);
        FileHeader header = new(
            FileKind.Pin, sample.Repository(), FileNames.Pin(sample.Session(), sample.Session()));
        good.Add(Structures.PinFile, "of-a-point", RecordFile.Write(header, kept, Compression.None));
        header = header with { Name = FileNames.Pin(default, sample.Session()) };
        byte[] file = good.Add(
            Structures.PinFile, "of-every-point", RecordFile.Write(header, immutable, Compression.None));
        bad.Add(Structures.PinFile, "longer", "file: bytes after its record", [.. file, 0]);
    }

    private static void AddFiles(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        RepositoryId repository = sample.Repository();
        byte[] set = sample.Collection(12).Write();
        FileHeader header = new(FileKind.Condemned, repository, FileNames.Condemned(12));
        good.Add(Structures.CondemnedFile, "raw", RecordFile.Write(header, set, Compression.None));
        header = new FileHeader(FileKind.Retired, repository, FileNames.Retired(12));
        byte[] retired = good.Add(Structures.RetiredFile, "raw", RecordFile.Write(header, set, Compression.None));
        header = new FileHeader(FileKind.PruneMark, repository, FileNames.PruneMark(sample.Session()));
        good.Add(
            Structures.PruneMarkFile, "raw",
            RecordFile.Write(header, sample.PruneMark().Write(), Compression.None));
        header = new FileHeader(FileKind.SignOfLife, repository, FileNames.SignOfLife(sample.Session(), 3));
        good.Add(
            Structures.SignOfLifeFile, "raw",
            RecordFile.Write(header, new SignOfLife(3, sample.Time()).Write(), Compression.None));
        bad.Add(Structures.CondemnedFile, "retired", "file header: kind is Retired, expected Condemned", retired);
        bad.Add(Structures.RetiredFile, "longer", "file: bytes after its record", [.. retired, 0]);
    }
}
