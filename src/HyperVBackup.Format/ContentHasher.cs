using System.Buffers.Binary;
using HyperVBackup.Blake3;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format;

/// <summary>
/// Derives every id of a repository from content, as in repo-format/ids.md; ids are made nowhere else. Each kind of
/// id has a hash context of its own, so that no guest data can pass for a node, a list or a root. Immutable and
/// thread-safe; allocates nothing.
/// </summary>
public sealed class ContentHasher
{
    internal const string ChunkContext = "HyperVBackup 2026 chunk";
    internal const string NodeContext = "HyperVBackup 2026 map node";
    internal const string ListContext = "HyperVBackup 2026 list";
    internal const string RootContext = "HyperVBackup 2026 disk root";
    private const int PagesPerRun = 64;
    private const int RootInputSizeBytes = sizeof(uint) + sizeof(ulong) + Digest.SizeBytes;

    private readonly Blake3Mode pages = Blake3Mode.Plain;
    private readonly Blake3Mode chunks = Blake3Mode.DeriveKey(ChunkContext);
    private readonly Blake3Mode nodes = Blake3Mode.DeriveKey(NodeContext);
    private readonly Blake3Mode lists = Blake3Mode.DeriveKey(ListContext);
    private readonly Blake3Mode roots = Blake3Mode.DeriveKey(RootContext);

    private ContentHasher()
    {
    }

    /// <summary>The hasher of repositories that are not encrypted.</summary>
    public static ContentHasher Plain { get; } = new();

    /// <summary>Hashes a chunk. Pages of zeros are found first, never hashed; their hash is zero.</summary>
    /// <param name="chunk">A whole number of pages, at least one.</param>
    /// <param name="pageHashes">One digest per page; overwritten.</param>
    /// <returns>The chunk's id; zero when every byte is zero.</returns>
    public ChunkId IdOfChunk(ReadOnlySpan<byte> chunk, Span<Digest> pageHashes)
    {
        RequirePages(chunk.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(pageHashes.Length, chunk.Length / FormatLimits.PageSizeBytes);
        FindPageHashes(chunk, pageHashes);
        return IdOfPages(pageHashes);
    }

    /// <summary>Hashes chunks of one size that stand side by side, each as <see cref="IdOfChunk"/> does: their pages
    /// and their ids share the vectors of the processor.</summary>
    /// <param name="bytes">A whole number of chunks, at least one.</param>
    /// <param name="pageHashes">One digest per page; overwritten.</param>
    /// <param name="ids">One for each chunk; overwritten.</param>
    public void IdsOfChunks(ReadOnlySpan<byte> bytes, Span<Digest> pageHashes, Span<ChunkId> ids)
    {
        ArgumentOutOfRangeException.ThrowIfZero(ids.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length % ids.Length, 0);
        RequirePages(bytes.Length / ids.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(pageHashes.Length, bytes.Length / FormatLimits.PageSizeBytes);
        FindPageHashes(bytes, pageHashes);
        FindIds(pageHashes, ids);
    }

    /// <summary>The id of the chunk whose page hashes these are, in order.</summary>
    public ChunkId IdOfPages(ReadOnlySpan<Digest> pageHashes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageHashes.Length, FormatLimits.PagesPerChunkMax);
        if (!pageHashes.ContainsAnyExcept(default(Digest)))
        {
            return default;
        }

        Span<byte> input = stackalloc byte[pageHashes.Length * Digest.SizeBytes];
        WriteTo(input, pageHashes);
        return new ChunkId(Hash(chunks, input));
    }

    /// <summary>The id of a map node, from the hashed part of its body; see <see cref="Maps.MapNode"/>.</summary>
    public NodeId IdOfNode(ReadOnlySpan<byte> hashedPart) => new(Hash(nodes, hashedPart));

    /// <summary>The ids of many map nodes, side by side.</summary>
    /// <param name="hashedParts">Of one length, each padded with zeros to a multiple of 64 bytes.</param>
    /// <param name="lengthBytes">Of each, without the padding.</param>
    /// <param name="ids">32 bytes each.</param>
    internal void IdsOfNodes(ReadOnlySpan<byte> hashedParts, int lengthBytes, Span<byte> ids) =>
        nodes.HashManyPadded(hashedParts, lengthBytes, ids);

    /// <summary>The id of a list record, from its whole plain body.</summary>
    public ListId IdOfList(ReadOnlySpan<byte> body) => new(Hash(lists, body));

    /// <summary>The root of a disk, from its chunk size, its virtual size and the top node of its map.</summary>
    public DiskRoot RootOf(int chunkSizeBytes, long virtualSizeBytes, NodeId top)
    {
        Span<byte> input = stackalloc byte[RootInputSizeBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(input, (uint)chunkSizeBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(input[sizeof(uint)..], (ulong)virtualSizeBytes);
        top.Value.WriteTo(input[(sizeof(uint) + sizeof(ulong))..]);
        return new DiskRoot(Hash(roots, input));
    }

    private static Digest Hash(Blake3Mode mode, ReadOnlySpan<byte> input)
    {
        Span<byte> output = stackalloc byte[Digest.SizeBytes];
        mode.Hash(input, output);
        return new Digest(output);
    }

    private void FindPageHashes(ReadOnlySpan<byte> bytes, Span<Digest> pageHashes)
    {
        int page = 0;
        while (page < pageHashes.Length)
        {
            int runLength = CountNonZeroPages(bytes, page, pageHashes.Length);
            if (runLength == 0)
            {
                pageHashes[page++] = default;
                continue;
            }

            HashPages(bytes, page, pageHashes.Slice(page, runLength));
            page += runLength;
        }
    }

    /// <summary>Ids of chunks of up to sixteen pages side by side; those of larger ones fill vectors by themselves.
    /// </summary>
    private void FindIds(ReadOnlySpan<Digest> pageHashes, Span<ChunkId> ids)
    {
        const int CountMax = 16;
        const int PagesMax = 16;
        int pages = pageHashes.Length / ids.Length;
        int together = pages <= PagesMax ? CountMax : 1;
        Span<byte> inputs = stackalloc byte[CountMax * PagesMax * Digest.SizeBytes];
        Span<byte> outputs = stackalloc byte[CountMax * Digest.SizeBytes];
        for (int first = 0; first < ids.Length; first += together)
        {
            int count = Math.Min(together, ids.Length - first);
            ReadOnlySpan<Digest> hashes = pageHashes.Slice(first * pages, count * pages);
            if (count == 1)
            {
                ids[first] = IdOfPages(hashes);
                continue;
            }

            WriteTo(inputs, hashes);
            int inputSizeBytes = pages * Digest.SizeBytes;
            int idBytes = count * Digest.SizeBytes;
            chunks.HashMany(inputs[..(count * inputSizeBytes)], inputSizeBytes, outputs[..idBytes]);
            for (int number = 0; number < count; number++)
            {
                bool isZero = !hashes.Slice(number * pages, pages).ContainsAnyExcept(default(Digest));
                ids[first + number] = isZero
                    ? default
                    : new ChunkId(new Digest(outputs.Slice(number * Digest.SizeBytes, Digest.SizeBytes)));
            }
        }
    }

    private static void WriteTo(Span<byte> bytes, ReadOnlySpan<Digest> hashes)
    {
        for (int page = 0; page < hashes.Length; page++)
        {
            hashes[page].WriteTo(bytes[(page * Digest.SizeBytes)..]);
        }
    }

    private static int CountNonZeroPages(ReadOnlySpan<byte> chunk, int firstPage, int pageCount)
    {
        int limit = Math.Min(pageCount - firstPage, PagesPerRun);
        int count = 0;
        while (count < limit && !IsZeroPage(chunk, firstPage + count))
        {
            count++;
        }

        return count;
    }

    private static bool IsZeroPage(ReadOnlySpan<byte> chunk, int page) =>
        !chunk.Slice(page * FormatLimits.PageSizeBytes, FormatLimits.PageSizeBytes).ContainsAnyExcept((byte)0);

    private static void RequirePages(int lengthBytes)
    {
        if (lengthBytes is 0 or > FormatLimits.ChunkSizeMaxBytes || lengthBytes % FormatLimits.PageSizeBytes != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(lengthBytes), lengthBytes, "No whole number of pages.");
        }
    }

    private void HashPages(ReadOnlySpan<byte> chunk, int firstPage, Span<Digest> hashes)
    {
        Span<byte> outputs = stackalloc byte[PagesPerRun * Digest.SizeBytes];
        ReadOnlySpan<byte> run = chunk.Slice(
            firstPage * FormatLimits.PageSizeBytes, hashes.Length * FormatLimits.PageSizeBytes);
        pages.HashMany(run, FormatLimits.PageSizeBytes, outputs[..(hashes.Length * Digest.SizeBytes)]);
        for (int page = 0; page < hashes.Length; page++)
        {
            hashes[page] = new Digest(outputs.Slice(page * Digest.SizeBytes, Digest.SizeBytes));
        }
    }
}
