using System.Buffers;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests;

/// <summary>Writes a whole pack into memory, as the engine does into a file.</summary>
internal sealed class PackWriter
{
    private readonly ArrayBufferWriter<byte> output = new();
    private readonly PackFooterBuilder footer;
    private readonly PackName name;

    public PackWriter(PackName name, RepositoryId repository, int pagesPerChunk)
    {
        this.name = name;
        FileKind kind = name.Kind == PackKind.Chunks ? FileKind.ChunkPack : FileKind.MapPack;
        new FileHeader(kind, repository, name.BlobName).WriteTo(output.GetSpan(FileHeader.SizeBytes));
        output.Advance(FileHeader.SizeBytes);
        footer = new PackFooterBuilder(pagesPerChunk);
    }

    /// <returns>Where the record lies.</returns>
    public RecordPlace AddChunk(byte[] chunk, Compression compression)
    {
        Digest[] hashes = new Digest[chunk.Length / FormatLimits.PageSizeBytes];
        ChunkId id = ContentHasher.Plain.IdOfChunk(chunk, hashes);
        Span<byte> room = output.GetSpan(ChunkRecord.EncodedSizeMax(chunk.Length));
        return Add(room, ChunkRecord.Encode(id, chunk, hashes, compression, room), hashes);
    }

    public void AddDelta(ChunkId id, Recipe recipe)
    {
        Span<byte> room = output.GetSpan(DeltaRecord.LengthBytes(recipe.SourceCount, recipe.PageCount));
        int lengthBytes = DeltaRecord.Write(id, recipe, room);
        footer.Add(PackEntry.Of(Record.Read(room[..lengthBytes]), (uint)output.WrittenCount), recipe);
        output.Advance(lengthBytes);
    }

    public void AddNode(MapNode node)
    {
        byte[] plain = new byte[MapNode.SizeMaxBytes];
        plain = plain[..node.WriteTo(plain)];
        AddPlain(RecordType.Node, node.IdOf(ContentHasher.Plain).Value, plain, Compression.None);
    }

    public void AddList(byte[] plain, Compression compression) =>
        AddPlain(RecordType.List, ContentHasher.Plain.IdOfList(plain).Value, plain, compression);

    public byte[] Finish()
    {
        footer.WriteTo(output, output.WrittenCount);
        return output.WrittenSpan.ToArray();
    }

    private void AddPlain(RecordType type, Digest id, byte[] plain, Compression compression)
    {
        Span<byte> room = output.GetSpan(PlainRecord.WrittenSizeMax(plain.Length));
        Add(room, PlainRecord.Write(type, id, plain, compression, room), []);
    }

    private RecordPlace Add(Span<byte> room, int lengthBytes, ReadOnlySpan<Digest> pageHashes)
    {
        RecordPlace place = new(name, (uint)output.WrittenCount, (uint)lengthBytes);
        footer.Add(PackEntry.Of(Record.Read(room[..lengthBytes]), place.OffsetBytes), pageHashes);
        output.Advance(lengthBytes);
        return place;
    }
}
