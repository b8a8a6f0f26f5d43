using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Benchmarks.Scenarios.Rooflines;

/// <summary>What one thread of a roofline works in, and what it does with one chunk. Allocates nothing later.</summary>
internal sealed class ChunkBuffers
{
    public const int ChunkSizeBytes = FormatLimits.ChunkSizeDefaultBytes;
    public const int ChunksPerRun = 32;

    private readonly Digest[] pages = new Digest[ChunkSizeBytes / FormatLimits.PageSizeBytes];
    private readonly byte[] decoded = new byte[ChunkSizeBytes];

    /// <summary>A run of chunks.</summary>
    public byte[] Plain { get; } = new byte[ChunksPerRun * ChunkSizeBytes];

    /// <summary>Room for their records, whatever they hold.</summary>
    public byte[] Records { get; } = new byte[ChunksPerRun * ChunkRecord.EncodedSizeMax(ChunkSizeBytes)];

    public Span<byte> PlainAt(int position) => Plain.AsSpan(position * ChunkSizeBytes, ChunkSizeBytes);

    /// <summary>Hashes a chunk of the run.</summary>
    public ChunkId IdAt(int position) => ContentHasher.Plain.IdOfChunk(PlainAt(position), pages);

    /// <summary>Encodes the chunk that was hashed last, and decodes and hashes the record again.</summary>
    /// <returns>The length of the record.</returns>
    public int Encode(ChunkId id, int position, int recordsAtBytes)
    {
        Span<byte> output = Records.AsSpan(recordsAtBytes);
        int lengthBytes = ChunkRecord.Encode(id, PlainAt(position), pages, Compression.Lz4, output);
        Decode(id, output[..lengthBytes], decoded);
        return lengthBytes;
    }

    /// <summary>Decodes a record and hashes what was in it.</summary>
    /// <exception cref="InvalidOperationException">It is not that chunk's.</exception>
    public void Decode(ChunkId id, ReadOnlySpan<byte> record, Span<byte> chunk)
    {
        ChunkRecord.Decode(record, chunk);
        if (ContentHasher.Plain.IdOfChunk(chunk, pages) != id)
        {
            throw new InvalidOperationException($"The record of chunk {id} holds another.");
        }
    }
}
