using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Makes records of chunks, and proves each by decoding and hashing it again: bad memory must not spoil an
/// id for ever. Thread-safe.</summary>
public sealed class ChunkEncoder(ContentHasher hasher, Compression compression)
{
    /// <param name="pageHashes">As <see cref="ContentHasher.IdOfChunk"/> gave them.</param>
    /// <param name="output">At least <see cref="ChunkRecord.EncodedSizeMax"/> bytes.</param>
    /// <returns>What a pack's footer says of the record; its offset is not known yet.</returns>
    /// <exception cref="InvalidOperationException">What was encoded does not decode to the chunk: the memory or the
    /// codec is broken.</exception>
    public PackEntry Encode(
        ChunkId id, ReadOnlySpan<byte> chunk, ReadOnlySpan<Digest> pageHashes, Span<byte> output)
    {
        int lengthBytes = ChunkRecord.Encode(id, chunk, pageHashes, compression, output);
        Record record = Record.Read(output[..lengthBytes]);
        byte[] decoded = ArrayPool<byte>.Shared.Rent(chunk.Length);
        Digest[] decodedPages = ArrayPool<Digest>.Shared.Rent(pageHashes.Length);
        try
        {
            ChunkRecord.Decode(record, decoded.AsSpan(0, chunk.Length));
            ChunkId found = hasher.IdOfChunk(
                decoded.AsSpan(0, chunk.Length), decodedPages.AsSpan(0, pageHashes.Length));
            Invariant.Check(found == id);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(decoded);
            ArrayPool<Digest>.Shared.Return(decodedPages);
        }

        return PackEntry.Of(record, offsetBytes: 0);
    }
}
