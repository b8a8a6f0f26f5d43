using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Pages;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Makes records of chunks, and proves each by decoding and hashing it again: bad memory must not spoil an
/// id for ever. The record's checksum is asked for when its bytes are written. Thread-safe.</summary>
public sealed class ChunkEncoder(ContentHasher hasher, Compression compression)
{
    /// <summary>The most records that one chunk becomes: its literal pages and its recipe.</summary>
    public const int RecordCountMax = 2;

    /// <summary>Changes what was encoded before it is decoded again; for tests.</summary>
    internal BufferFault? Fault { get; init; }

    /// <summary>The room a chunk's records may need, however they are stored.</summary>
    public static int EncodedSizeMax(int chunkSizeBytes) =>
        ChunkRecord.EncodedSizeMax(chunkSizeBytes)
        + DeltaRecord.LengthBytes(FormatLimits.RecipeSourceCountMax, chunkSizeBytes / FormatLimits.PageSizeBytes);

    /// <summary>Encodes a chunk as a whole record.</summary>
    /// <param name="pageHashes">As <see cref="ContentHasher.IdOfChunk"/> gave them.</param>
    /// <param name="output">At least <see cref="ChunkRecord.EncodedSizeMax"/> bytes.</param>
    /// <returns>What a pack's footer says of the record; its offset is not known yet.</returns>
    /// <exception cref="MemoryFaultException">What was encoded does not decode to the chunk.</exception>
    public PackEntry Encode(
        ChunkId id, ReadOnlySpan<byte> chunk, ReadOnlySpan<Digest> pageHashes, Span<byte> output)
    {
        int lengthBytes = ChunkRecord.Encode(id, chunk, pageHashes, compression, output);
        Fault?.Invoke(output[..lengthBytes]);
        byte[] decoded = ArrayPool<byte>.Shared.Rent(chunk.Length);
        Digest[] decodedPages = ArrayPool<Digest>.Shared.Rent(pageHashes.Length);
        try
        {
            Record record = Record.ReadUnchecked(output[..lengthBytes]);
            ChunkRecord.Decode(record, decoded.AsSpan(0, chunk.Length));
            ChunkId found = hasher.IdOfChunk(
                decoded.AsSpan(0, chunk.Length), decodedPages.AsSpan(0, pageHashes.Length));
            return found == id && record.Id == id.Value
                ? PackEntry.Of(record, offsetBytes: 0)
                : throw NotTheChunk(id, null);
        }
        catch (CorruptDataException complaint)
        {
            throw NotTheChunk(id, complaint);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(decoded);
            ArrayPool<Digest>.Shared.Return(decodedPages);
        }
    }

    /// <summary>Encodes a chunk as planned: a record of its literal pages, if it has any, and a recipe.</summary>
    /// <param name="literals">Room for one hash per page; kept by the records.</param>
    /// <param name="output">At least <see cref="EncodedSizeMax"/> bytes; the records follow one another in it.</param>
    /// <param name="records">Room for <see cref="RecordCountMax"/>.</param>
    /// <returns>The count of records; the last one is the chunk's.</returns>
    /// <exception cref="MemoryFaultException">What was encoded does not make the chunk.</exception>
    public int Encode(
        ChunkPlan plan, in NewChunk chunk, ReadOnlySpan<byte> bytes, Memory<Digest> literals, Span<byte> output,
        Span<EncodedRecord> records)
    {
        int count = 0;
        ChunkId dataId = default;
        if (plan.CopyLiterals(chunk.PageHashes.Span, literals.Span) > 0)
        {
            dataId = hasher.IdOfPages(literals.Span);
            PackEntry entry = Encode(dataId, bytes, literals.Span, output);
            output = output[(int)entry.LengthBytes..];
            records[count++] = new EncodedRecord(entry, literals);
        }

        Recipe recipe = plan.MakeRecipe(dataId.Value);
        int lengthBytes = DeltaRecord.Write(chunk.Id, recipe, output);
        Fault?.Invoke(output[..lengthBytes]);
        try
        {
            Record record = Record.Read(output[..lengthBytes]);
            Recipe written = DeltaRecord.Read(record, literals.Length);
            records[count++] = plan.IsMadeBy(written, chunk.Id, dataId.Value, literals.Span, hasher)
                ? new EncodedRecord(PackEntry.Of(record, offsetBytes: 0), default, recipe)
                : throw NotTheChunk(chunk.Id, null);
            return count;
        }
        catch (CorruptDataException complaint)
        {
            throw NotTheChunk(chunk.Id, complaint);
        }
    }

    private static MemoryFaultException NotTheChunk(ChunkId id, CorruptDataException? complaint)
    {
        string what = $"What was encoded of chunk {id} does not decode to it ({complaint?.Message ?? "another id"})";
        return complaint is null ? new MemoryFaultException(what) : new MemoryFaultException(what, complaint);
    }
}
