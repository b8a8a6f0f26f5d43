using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Tests.Packs;

/// <summary>A chunk pack of whole records and deltas, record by record.</summary>
internal sealed class DeltaPack : IAsyncDisposable
{
    private const int PageSizeBytes = FormatLimits.PageSizeBytes;
    private readonly PackBuilder pack;

    private DeltaPack(PackBuilder pack) => this.pack = pack;

    /// <param name="session">Names the pack; 0 is nobody.</param>
    public static Task<DeltaPack> CreateAsync(
        IBlobStore store, RepositoryId repository, byte session, int pagesPerChunk) =>
        CreateAsync(
            store, repository, new PackName(PackKind.Chunks, SessionOf(session), 0), pagesPerChunk);

    public static async Task<DeltaPack> CreateAsync(
        IBlobStore store, RepositoryId repository, PackName name, int pagesPerChunk) =>
        new(await PackBuilder.CreateAsync(store, repository, name, pagesPerChunk, default));

    public static SessionId SessionOf(byte session) => new([session, .. new byte[SessionId.SizeBytes - 1]]);

    /// <summary>The id of a chunk, which is also that of the record that holds just its pages.</summary>
    public static ChunkId IdOf(byte[] chunk) =>
        ContentHasher.Plain.IdOfChunk(chunk, new Digest[chunk.Length / PageSizeBytes]);

    /// <summary>Takes each page of a chunk from the first source that holds it anywhere.</summary>
    public static Recipe RecipeOf(byte[] chunk, params (byte[] Pages, RecordPlace Hint)[] sources)
    {
        int pageCount = chunk.Length / PageSizeBytes;
        RecipePage[] pages = [.. Enumerable.Range(0, pageCount).Select(page => Find(PageOf(chunk, page)))];
        return Recipe.Make(
            [.. sources.Select(source => new RecipeSource(IdOf(source.Pages).Value, source.Hint))], pages);

        RecipePage Find(ReadOnlySpan<byte> wanted)
        {
            for (int source = 0; wanted.ContainsAnyExcept((byte)0) && source < sources.Length; source++)
            {
                for (int slot = 0; slot < pageCount; slot++)
                {
                    if (PageOf(sources[source].Pages, slot).SequenceEqual(wanted))
                    {
                        return new RecipePage((byte)source, (ushort)slot);
                    }
                }
            }

            return RecipePage.Zero;
        }
    }

    public static Span<byte> PageOf(byte[] chunk, int page) =>
        chunk.AsSpan(page * PageSizeBytes, PageSizeBytes);

    /// <summary>Appends a whole record.</summary>
    public async Task<RecordPlace> AddAsync(byte[] chunk)
    {
        Digest[] hashes = new Digest[chunk.Length / PageSizeBytes];
        ChunkId id = ContentHasher.Plain.IdOfChunk(chunk, hashes);
        byte[] record = new byte[ChunkRecord.EncodedSizeMax(chunk.Length)];
        PackEntry entry = new ChunkEncoder(ContentHasher.Plain, Compression.Lz4).Encode(id, chunk, hashes, record);
        RecordPlace place = pack.Note(entry, hashes);
        await pack.AppendAsync(record.AsMemory(0, (int)entry.LengthBytes), default);
        return place;
    }

    /// <summary>Appends a delta, whether its recipe makes the chunk or not.</summary>
    public async Task<RecordPlace> AddAsync(ChunkId id, Recipe recipe)
    {
        byte[] record = new byte[DeltaRecord.LengthBytes(recipe.SourceCount, recipe.PageCount)];
        DeltaRecord.Write(id, recipe, record);
        RecordPlace place = pack.Note(PackEntry.Of(record), recipe);
        await pack.AppendAsync(record, default);
        return place;
    }

    public Task PublishAsync() => pack.PublishAsync(default);

    public ValueTask DisposeAsync() => pack.DisposeAsync();
}
