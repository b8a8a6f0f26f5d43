using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Vectors of chunk packs that hold delta records.</summary>
internal static class DeltaPackVectors
{
    private const string Of = Structures.Pack;
    private const int PageCount = Structures.ChunkSizeBytes / FormatLimits.PageSizeBytes;

    public static void Add(VectorSet.Good good, VectorSet.Bad bad)
    {
        Sample sample = new(32);
        byte[] deltas = good.Add(Of, "deltas", SmallPack(sample));
        PackWriter alone = new(sample.Pack(PackKind.Chunks), sample.Repository(), PageCount);
        alone.AddDelta(new ChunkId(sample.Digest()), new SampleDeltas(sample).Recipe(PageCount));
        good.Add(Of, "a-recipe-alone", alone.Finish());
        bad.Add(Of, "recipe-of-a-zero-page", "recipe: the source does not hold", SmallPack(sample, wrongSlot: true));
        AddBadTables(bad, deltas);
        AddBadRecipes(bad, deltas);
    }

    /// <summary>A chunk of two pages, a literal page, and a chunk made of both.</summary>
    internal static byte[] SmallPack(Sample sample, bool wrongSlot = false)
    {
        PackWriter pack = new(sample.Pack(PackKind.Chunks), sample.Repository(), PageCount);
        byte[] source = new byte[Structures.ChunkSizeBytes];
        source.AsSpan(0, FormatLimits.PageSizeBytes).Fill(1);
        source.AsSpan(FormatLimits.PageSizeBytes, FormatLimits.PageSizeBytes).Fill(2);
        byte[] literals = new byte[Structures.ChunkSizeBytes];
        literals[^1] = 3;
        byte[] chunk = new byte[Structures.ChunkSizeBytes];
        source.AsSpan(FormatLimits.PageSizeBytes, FormatLimits.PageSizeBytes).CopyTo(chunk);
        chunk[^1] = 3;
        RecordPlace place = pack.AddChunk(source, Compression.Lz4);
        pack.AddChunk(literals, Compression.Lz4);
        Recipe recipe = Recipe.Make(
            [new(SampleDeltas.IdOf(source), place), new(SampleDeltas.IdOf(literals), default)],
            [new(0, 1), RecipePage.Zero, wrongSlot ? new(0, 2) : RecipePage.Zero, new(1, 3)]);
        pack.AddDelta(new ChunkId(SampleDeltas.IdOf(chunk)), recipe);
        return pack.Finish();
    }

    private static void AddBadTables(VectorSet.Bad bad, byte[] pack)
    {
        SamplePack read = SamplePack.Read(pack);
        int entryAt = (int)read.Trailer.TableStartBytes + (DeltaIndex(read) * PackEntry.SizeBytes);
        (string Name, string Complaint, int At, byte Value)[] faults =
        [
            ("delta-codec", "pack table: length of a delta", PackEntry.CodecAt, 1),
            ("delta-plain-length", "pack table: length of a delta", PackEntry.PlainLengthAt, 1),
            ("delta-pages", "pack table: stored page count", PackEntry.StoredPageCountAt, 1),
            ("delta-hook", "pack table: hook", PackEntry.HookAt, 1),
            ("delta-as-whole", "pack table: stored page count", PackEntry.TypeAt, 1),
        ];
        foreach ((string name, string complaint, int at, byte value) in faults)
        {
            bad.Add(Of, name, complaint, pack, entryAt + at, value, Reseal.Footer);
        }
    }

    private static void AddBadRecipes(VectorSet.Bad bad, byte[] pack)
    {
        SamplePack read = SamplePack.Read(pack);
        PackEntry delta = read.Table[DeltaIndex(read)];
        int recipeAt = (int)read.Trailer.RecipeSectionStartBytes;
        int bodyAt = (int)delta.OffsetBytes + RecordHeader.SizeBytes;
        int slotAt = (int)delta.PlainLengthBytes - (PageCount * sizeof(ushort));
        bad.Add(Of, "recipe-not-of-its-record", "pack: a recipe is not", pack, recipeAt + slotAt, 0, Reseal.Footer);
        bad.Add(Of, "recipe-reserved", "recipe: reserved", pack, recipeAt + Recipe.ReservedAt, 1, Reseal.Footer);
        byte[] other = [.. pack];
        other[recipeAt + slotAt] = 0;
        Reseal.Footer(other);
        Action<byte[]> resealRecord = bytes =>
        {
            Span<byte> record = bytes.AsSpan((int)delta.OffsetBytes, (int)delta.LengthBytes);
            Checksum.Write(record[RecordHeader.MagicAt..], record);
        };
        bad.Add(Of, "recipe-of-another-chunk", "pack: what a recipe makes", other, bodyAt + slotAt, 0, resealRecord);
        AddMoved(bad, "recipes-end-early", "pack recipes: end too early", pack, -1);
        AddMoved(bad, "recipes-longer", "pack recipes: bytes after the last one", pack, 1);
    }

    /// <summary>The recipe section longer or shorter, at its end, by one byte; everything else fits.</summary>
    private static void AddMoved(VectorSet.Bad bad, string name, string complaint, byte[] pack, int moreBytes)
    {
        int tableAt = (int)SamplePack.Read(pack).Trailer.TableStartBytes;
        byte[] bytes = moreBytes < 0
            ? [.. pack.AsSpan(0, tableAt + moreBytes), .. pack.AsSpan(tableAt)]
            : [.. pack.AsSpan(0, tableAt), .. new byte[moreBytes], .. pack.AsSpan(tableAt)];
        Span<byte> trailer = bytes.AsSpan(bytes.Length - PackTrailer.SizeBytes);
        foreach (int at in new[] { PackTrailer.RecipeSectionLengthAt, PackTrailer.TableStartAt })
        {
            BitConverter.TryWriteBytes(trailer[at..], BitConverter.ToInt32(trailer[at..]) + moreBytes);
        }

        Reseal.Footer(bytes);
        bad.Add(Of, name, complaint, bytes);
    }

    private static int DeltaIndex(SamplePack pack) =>
        Enumerable.Range(0, pack.Table.Count).Single(index => pack.Table[index].Type == RecordType.Delta);
}
