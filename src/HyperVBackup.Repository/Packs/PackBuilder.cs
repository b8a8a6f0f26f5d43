using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// A pack being written: header, records, footer; published whole or not at all. Map packs are written twice, under
/// two names that only their headers tell apart. One thread at a time.
/// </summary>
internal sealed class PackBuilder : IAsyncDisposable
{
    private readonly List<IBlobWriter> copies = [];
    private readonly PackFooterBuilder footer;
    private readonly PackSeal seal;
    private long lengthBytes = FileHeader.SizeBytes;

    private PackBuilder(PackName name, int pagesPerChunk)
    {
        Name = name;
        footer = new PackFooterBuilder(pagesPerChunk);
        seal = new PackSeal(name);
    }

    public PackName Name { get; }

    public int RecordCount => footer.Count;

    /// <summary>What the pack takes if it is published now. The footer counts: of chunks that compress to almost
    /// nothing it is the larger part.</summary>
    public long LengthBytes => lengthBytes + footer.LengthBytes;

    /// <param name="pagesPerChunk">0 for a map pack.</param>
    public static async Task<PackBuilder> CreateAsync(
        IBlobStore store, RepositoryId repository, PackName name, int pagesPerChunk, CancellationToken token)
    {
        PackBuilder pack = new(name, pagesPerChunk);
        try
        {
            FileKind kind = name.Kind == PackKind.Chunks ? FileKind.ChunkPack : FileKind.MapPack;
            string[] names = name.Kind == PackKind.Chunks ? [name.BlobName] : [name.BlobName, name.MirrorBlobName];
            foreach (string blobName in names)
            {
                IBlobWriter copy = await store.CreateAsync(new BlobName(blobName), token);
                pack.copies.Add(copy);
                byte[] header = new byte[FileHeader.SizeBytes];
                new FileHeader(kind, repository, blobName).WriteTo(header);
                await copy.AppendAsync(header, token);
            }

            return pack;
        }
        catch
        {
            await pack.DisposeAsync();
            throw;
        }
    }

    /// <summary>Notes the next record, whose bytes the caller appends in the same order.</summary>
    /// <param name="entry">Its <see cref="PackEntry.OffsetBytes"/> is not looked at.</param>
    public RecordPlace Note(in PackEntry entry, ReadOnlySpan<Digest> pageHashes)
    {
        RecordPlace place = NextPlace(entry.LengthBytes);
        footer.Add(entry with { OffsetBytes = place.OffsetBytes }, pageHashes);
        seal.Note(entry);
        lengthBytes += entry.LengthBytes;
        return place;
    }

    /// <summary>Where the next record noted will lie.</summary>
    public RecordPlace NextPlace(uint recordLengthBytes) => new(Name, checked((uint)lengthBytes), recordLengthBytes);

    /// <summary>Notes the next record, a delta, whose bytes the caller appends in the same order.</summary>
    /// <param name="entry">Its <see cref="PackEntry.OffsetBytes"/> is not looked at.</param>
    public RecordPlace Note(in PackEntry entry, Recipe recipe)
    {
        RecordPlace place = NextPlace(entry.LengthBytes);
        footer.Add(entry with { OffsetBytes = place.OffsetBytes }, recipe);
        seal.Note(entry);
        lengthBytes += entry.LengthBytes;
        return place;
    }

    /// <summary>Appends the bytes of records already noted, once their checksums were held against them.</summary>
    /// <exception cref="MemoryFaultException">They changed since they were encoded.</exception>
    public async ValueTask AppendAsync(ReadOnlyMemory<byte> records, CancellationToken token)
    {
        seal.RequireRecords(records.Span);
        foreach (IBlobWriter copy in copies)
        {
            await copy.AppendAsync(records, token);
        }
    }

    /// <summary>Writes the footer and publishes; from then on every record noted here is durable.</summary>
    /// <exception cref="MemoryFaultException">What the footer says does not fit the ids of the records.</exception>
    public async Task PublishAsync(CancellationToken token)
    {
        ArrayBufferWriter<byte> tail = new();
        footer.WriteTo(tail, lengthBytes);
        seal.RequireFooter(tail.WrittenMemory, lengthBytes, ContentHasher.Plain);
        foreach (IBlobWriter copy in copies)
        {
            Invariant.Check(copy.LengthBytes == lengthBytes);
            await copy.AppendAsync(tail.WrittenMemory, token);
            bool published = await copy.TryPublishAsync(token);
            Invariant.Check(published);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IBlobWriter copy in copies)
        {
            await copy.DisposeAsync();
        }

        copies.Clear();
    }
}
