using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Vectors of whole packs.</summary>
internal static class PackVectors
{
    private const string Of = Structures.Pack;

    public static void Add(VectorSet.Good good, VectorSet.Bad bad)
    {
        Sample sample = new(4);
        byte[] chunks = SmallChunkPack(sample);
        good.Add(Of, "chunks", chunks);
        byte[] maps = good.Add(Of, "maps", sample.MapPack(sample.Pack(PackKind.Maps), 2));
        AddBadTrailers(bad, chunks, maps);
        AddBadTables(bad, chunks);
        AddBadPages(bad, chunks);
    }

    /// <summary>Two chunks, of two pages and one, in packed form.</summary>
    private static byte[] SmallChunkPack(Sample sample)
    {
        PackWriter pack = new(sample.Pack(PackKind.Chunks), sample.Repository(), pagesPerChunk: 4);
        byte[] first = new byte[Structures.ChunkSizeBytes];
        first.AsSpan(100, 9000).Fill(7);
        first.AsSpan(12288).Clear();
        byte[] second = new byte[Structures.ChunkSizeBytes];
        second[^1] = 1;
        pack.AddChunk(first, Codecs.Compression.Lz4);
        pack.AddChunk(second, Codecs.Compression.Zstd(1));
        return pack.Finish();
    }

    private static void AddBadTrailers(VectorSet.Bad bad, byte[] chunks, byte[] maps)
    {
        int trailerAt = chunks.Length - PackTrailer.SizeBytes;
        (string Name, string Complaint, int At, byte Value)[] faults =
        [
            ("trailer-magic", "pack trailer: magic", PackTrailer.MagicAt, 0),
            ("entry-count-0", "pack trailer: entry count", PackTrailer.EntryCountAt, 0),
            ("entry-count-1", "pack trailer: the sections do not fill", PackTrailer.EntryCountAt, 1),
            ("entry-count-huge", "pack trailer: entry count", PackTrailer.EntryCountAt + 3, 0xFF),
            ("pages-per-chunk", "pack trailer: pages per chunk", PackTrailer.PagesPerChunkAt, 5),
            ("pages-in-a-map-pack", "pack trailer: page or recipe section in a map", PackTrailer.PagesPerChunkAt, 0),
            ("page-section-start", "pack trailer: length of the page", PackTrailer.PageSectionStartAt + 2, 1),
            ("page-section-first", "pack trailer: page section start", PackTrailer.PageSectionStartAt + 1, 0),
            ("page-section-length", "pack trailer: length of the page", PackTrailer.PageSectionLengthAt + 3, 1),
            ("recipe-start", "pack trailer: recipe section start", PackTrailer.RecipeSectionStartAt + 3, 1),
            ("recipe-length", "pack trailer: length of the page or recipe", PackTrailer.RecipeSectionLengthAt, 1),
            ("recipe-checksum", "pack recipes: checksum", PackTrailer.RecipeSectionChecksumAt, 0),
            ("trailer-reserved", "pack trailer: reserved", PackTrailer.ReservedAt, 1),
        ];
        foreach ((string name, string complaint, int at, byte value) in faults)
        {
            byte[] bytes = [.. chunks];
            if (name == "page-section-first")
            {
                bytes[trailerAt + at - 1] = 0;
            }

            bad.Add(Of, name, complaint, bytes, trailerAt + at, value, Reseal.Trailer);
        }

        bad.Add(Of, "trailer-checksum", "pack trailer: checksum", chunks, chunks.Length - 1, (byte)(chunks[^1] ^ 0xFF));
        bad.Add(Of, "cut", "pack trailer: magic", chunks[..^1]);
        bad.Add(Of, "only-a-header", "pack: length", chunks[..FileHeader.SizeBytes]);
        bad.Add(Of, "longer-inside", "pack trailer: the sections do not fill", Insert(chunks, trailerAt));
        int mapTable = BitConverter.ToInt32(maps, maps.Length - PackTrailer.SizeBytes + PackTrailer.TableStartAt);
        bad.Add(Of, "chunk-in-a-map-pack", "pack table: type", maps, mapTable + PackEntry.TypeAt, 1, Reseal.Footer);
        int pagesAt = mapTable + PackEntry.StoredPageCountAt;
        bad.Add(Of, "pages-of-a-node", "pack table: stored page", maps, pagesAt, 1, Reseal.Footer);
        bad.Add(Of, "delta-in-a-map-pack", "pack table: type", maps, mapTable + PackEntry.TypeAt, 2, Reseal.Footer);
        bad.Add(Of, "hook-of-a-node", "pack table: hook", maps, mapTable + PackEntry.HookAt, 1, Reseal.Footer);
    }

    private static void AddBadTables(VectorSet.Bad bad, byte[] chunks)
    {
        int tableAt = BitConverter.ToInt32(chunks, chunks.Length - PackTrailer.SizeBytes + PackTrailer.TableStartAt);
        (string Name, string Complaint, int At, byte Value)[] faults =
        [
            ("table-order", "pack table: order", PackEntry.IdAt, 0xFF),
            ("table-gap", "pack table: records overlap", PackEntry.OffsetAt + 2, 1),
            ("table-codec", "pack table: codec", PackEntry.CodecAt, 3),
            ("table-type", "pack table: type", PackEntry.TypeAt, 4),
            ("table-delta", "pack table: stored page count", PackEntry.TypeAt, 2),
            ("table-length-0", "pack table: length", PackEntry.LengthAt, 0),
            ("table-length-huge", "pack table: length", PackEntry.LengthAt + 3, 0xFF),
            ("table-no-pages", "pack table: stored page count", PackEntry.StoredPageCountAt, 0),
            ("table-too-many-pages", "pack table: stored page count", PackEntry.StoredPageCountAt, 5),
            ("table-plain-length", "pack table: stored page count", PackEntry.PlainLengthAt, 1),
            ("table-plain-length-huge", "pack table: plain length", PackEntry.PlainLengthAt + 3, 0xFF),
            ("table-hook", "pack pages: hook of a record", PackEntry.HookAt + 7, 1),
            ("table-other-codec", "pack: a record is not its entry", PackEntry.CodecAt, 0),
        ];
        foreach ((string name, string complaint, int at, byte value) in faults)
        {
            byte[] bytes = [.. chunks];
            if (name == "table-length-0")
            {
                bytes[tableAt + at + 1] = 0;
            }

            bad.Add(Of, name, complaint, bytes, tableAt + at, value, Reseal.Footer);
        }

        bad.Add(Of, "table-checksum", "pack table: checksum", chunks, tableAt, (byte)(chunks[tableAt] ^ 0xFF));
        byte[] zeroId = [.. chunks];
        zeroId.AsSpan(tableAt, Digest.SizeBytes).Clear();
        bad.Add(Of, "table-zero-id", "pack table: id", zeroId, tableAt, 0, Reseal.Footer);
        int otherAt = tableAt + PackEntry.IdAt + Digest.SizeBytes - 1;
        byte other = (byte)(chunks[otherAt] ^ 0xFF);
        bad.Add(Of, "table-other-id", "pack pages: id of a chunk", chunks, otherAt, other, Reseal.Footer);
    }

    private static void AddBadPages(VectorSet.Bad bad, byte[] chunks)
    {
        int trailerAt = chunks.Length - PackTrailer.SizeBytes;
        int pagesAt = BitConverter.ToInt32(chunks, trailerAt + PackTrailer.PageSectionStartAt);
        byte other = (byte)(chunks[pagesAt + 1] ^ 0xFF);
        bad.Add(Of, "pages-checksum", "pack pages: checksum", chunks, pagesAt + 1, other);
        bad.Add(Of, "pages-hash", "pack pages: id of a chunk", chunks, pagesAt + 1, other, Reseal.Footer);
        bad.Add(Of, "pages-bitmap", "pack pages: bitmap", chunks, pagesAt, 0x18, Reseal.Footer);
        bad.Add(Of, "pages-count", "pack pages: stored page count", chunks, pagesAt, 0xF, Reseal.Footer);
        byte[] noHash = [.. chunks];
        noHash.AsSpan(pagesAt + 1, Digest.SizeBytes).Clear();
        bad.Add(Of, "pages-zero-hash", "pack pages: a stored page has no hash", noHash, pagesAt + 1, 0, Reseal.Footer);
    }

    /// <summary>One zero byte more at <paramref name="at"/>.</summary>
    private static byte[] Insert(byte[] bytes, int at) => [.. bytes[..at], 0, .. bytes[at..]];
}
