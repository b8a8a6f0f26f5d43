using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Vectors of delta records: good and bad recipes.</summary>
internal static class DeltaVectors
{
    private const string Of = Structures.DeltaRecord;
    private const int PageCount = Structures.ChunkSizeBytes / FormatLimits.PageSizeBytes;

    public static void Add(VectorSet.Good good, VectorSet.Bad bad)
    {
        Sample sample = new(31);
        SampleDeltas deltas = new(sample);
        RecipeSource[] sources = deltas.Sources(4);
        sources[0] = sources[0] with { Hint = new RecordPlace(sample.Pack(PackKind.Chunks), 144, 300) };
        sources[1] = sources[1] with { Hint = default };
        good.Add(Of, "one-source", Write(sample, sources[..1], [new(0, 3), new(0, 0), RecipePage.Zero, new(0, 0)]));
        good.Add(Of, "full", Write(sample, sources, [new(3, 0), new(1, 1), new(2, 2), new(0, 3)]));
        byte[] two = good.Add(
            Of, "two-sources", Write(sample, sources[..2], [new(0, 1), RecipePage.Zero, new(1, 2), new(0, 0)]));
        AddBad(bad, two);
        AddBadLengths(bad, two);
        bad.Add(Of, "of-a-larger-chunk", "delta record: page count", OfMorePages(sample, deltas));
    }

    private static byte[] Write(Sample sample, RecipeSource[] sources, RecipePage[] pages)
    {
        Recipe recipe = Recipe.Make(sources, pages);
        byte[] output = new byte[DeltaRecord.LengthBytes(sources.Length, pages.Length)];
        DeltaRecord.Write(new ChunkId(sample.Digest()), recipe, output);
        return output;
    }

    private static byte[] OfMorePages(Sample sample, SampleDeltas deltas)
    {
        RecipePage[] pages =
            [.. Enumerable.Range(0, PageCount * 2).Select(page => new RecipePage(0, (ushort)page))];
        return Write(sample, deltas.Sources(1), pages);
    }

    private static void AddBad(VectorSet.Bad bad, byte[] two)
    {
        const int BodyAt = RecordHeader.SizeBytes;
        const int SourcesAt = BodyAt + Recipe.SourcesAt;
        const int SecondAt = SourcesAt + Recipe.SourceSizeBytes;
        const int PagesAt = SecondAt + Recipe.SourceSizeBytes;
        const int SlotsAt = PagesAt + PageCount;
        const int HintLengthAt = SourcesAt + Recipe.SourceHintAt + StoredPlace.LengthAt;
        (string Name, string Complaint, int At, byte Value)[] faults =
        [
            ("codec", "record: a node or recipe is never", RecordHeader.CodecAt, 1),
            ("reserved", "recipe: reserved", BodyAt + Recipe.ReservedAt, 1),
            ("source-count", "recipe: length", BodyAt + Recipe.SourceCountAt, 1),
            ("page-count", "recipe: length", BodyAt + Recipe.PageCountAt, 5),
            ("hint-in-a-header", "place: no record", SourcesAt + Recipe.SourceHintAt + StoredPlace.OffsetAt, 143),
            ("hint-of-no-length", "place: no record", HintLengthAt + 1, 0),
            ("half-a-hint", "place: no record", SecondAt + Recipe.SourceHintAt, 1),
            ("source-of-a-page", "recipe: source of a page", PagesAt, 2),
            ("sources-out-of-order", "recipe: sources are out of order", PagesAt, 1),
            ("source-not-used", "recipe: a source gives no page", PagesAt + 2, 0),
            ("slot", "recipe: slot of a page", SlotsAt, PageCount),
            ("slot-huge", "recipe: slot of a page", SlotsAt + 1, 1),
            ("slot-of-zeros", "recipe: slot of a page", SlotsAt + sizeof(ushort), 1),
        ];
        foreach ((string name, string complaint, int at, byte value) in faults)
        {
            bad.Add(Of, name, complaint, two, at, value, Reseal.Record);
        }

        byte[] zeroId = [.. two];
        zeroId.AsSpan(SourcesAt, Digest.SizeBytes).Clear();
        bad.Add(Of, "zero-data-id", "recipe: data id", zeroId, SourcesAt, 0, Reseal.Record);
        byte[] twice = [.. two];
        twice.AsSpan(SourcesAt, Digest.SizeBytes).CopyTo(twice.AsSpan(SecondAt));
        Reseal.Record(twice);
        bad.Add(Of, "source-named-twice", "recipe: a source is named twice", twice);
    }

    private static void AddBadLengths(VectorSet.Bad bad, byte[] two)
    {
        bad.Add(Of, "checksum", "record: checksum", two, two.Length - 1, 1);
        bad.Add(Of, "shorter", "recipe: length", WithBody(two, two.AsSpan(RecordHeader.SizeBytes)[..^1]));
        bad.Add(Of, "longer", "recipe: length", WithBody(two, [.. two.AsSpan(RecordHeader.SizeBytes), 0]));
        bad.Add(Of, "three-bytes", "recipe: length", WithBody(two, [1, 0, 4]));
        byte[] none = [0, 0, PageCount, 0, .. new byte[PageCount * Recipe.PageSizeBytes]];
        bad.Add(Of, "no-source", "recipe: source count", WithBody(two, none));
        byte[] tooMany = new byte[Recipe.LengthBytes(10, PageCount)];
        (tooMany[Recipe.SourceCountAt], tooMany[Recipe.PageCountAt]) = (10, PageCount);
        bad.Add(Of, "ten-sources", "recipe: source count", WithBody(two, tooMany));
        byte[] five = new byte[Recipe.LengthBytes(1, 5)];
        (five[Recipe.SourceCountAt], five[Recipe.PageCountAt]) = (1, 5);
        bad.Add(Of, "five-pages", "recipe: page count", WithBody(two, five));
    }

    private static byte[] WithBody(byte[] record, ReadOnlySpan<byte> body)
    {
        byte[] bytes = [.. record.AsSpan(0, RecordHeader.SizeBytes), .. body];
        BitConverter.TryWriteBytes(bytes.AsSpan(RecordHeader.PlainLengthAt), body.Length);
        BitConverter.TryWriteBytes(bytes.AsSpan(RecordHeader.StoredLengthAt), body.Length);
        Reseal.Record(bytes);
        return bytes;
    }
}
