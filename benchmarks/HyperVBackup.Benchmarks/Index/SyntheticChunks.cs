using System.Buffers.Binary;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Index;

namespace HyperVBackup.Benchmarks.Index;

/// <summary>Chunks by number, whose ids are as spread as hashes are: every pack has a thousand, as packs of 64 MiB
/// have of whole chunks of 64 KiB, and every session fifty packs.</summary>
internal static class SyntheticChunks
{
    public const int ChunksInPack = 1000;
    private const int PacksInSession = 50;
    private const uint RecordBytes = 65_608;

    public static PackName Pack(long number) =>
        new(PackKind.Chunks, Session(number / PacksInSession), (uint)(number % PacksInSession));

    public static SessionId Session(long number)
    {
        Span<byte> bytes = stackalloc byte[Digest.SizeBytes];
        Fill(bytes, unchecked((ulong)number ^ 0x5E55_1014_0000_0000));
        return new SessionId(bytes[..SessionId.SizeBytes]);
    }

    public static ChunkId Id(long number)
    {
        Span<byte> bytes = stackalloc byte[Digest.SizeBytes];
        Fill(bytes, unchecked((ulong)number));
        return new ChunkId(new Digest(bytes));
    }

    /// <summary>The entries of the packs from <paramref name="pack"/> on, as many as there is room for.</summary>
    public static void FillPacks(long pack, Span<IndexEntry> entries)
    {
        for (int position = 0; position < entries.Length; position++)
        {
            ChunkId id = Id((pack * ChunksInPack) + position);
            entries[position] = new IndexEntry(id, 144 + ((uint)(position % ChunksInPack) * RecordBytes), RecordBytes);
        }
    }

    public static RecordPlace Place(long number) => new(
        Pack(number / ChunksInPack), 144 + ((uint)(number % ChunksInPack) * RecordBytes), RecordBytes);

    private static void Fill(Span<byte> bytes, ulong number)
    {
        for (int word = 0; word < bytes.Length / sizeof(ulong); word++)
        {
            ulong mixed = unchecked(((number * 4) + (ulong)word + 1) * 0x9E37_79B9_7F4A_7C15);
            mixed = unchecked((mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9);
            mixed = unchecked((mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(word * sizeof(ulong))..], mixed ^ (mixed >> 31));
        }
    }
}
