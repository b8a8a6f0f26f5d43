using System.Buffers.Binary;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Benchmarks.Maps;

/// <summary>Ids and places of chunks that exist nowhere: ids are counted and scrambled, places follow each other
/// through packs as if each chunk had been compressed to five eighths.</summary>
internal sealed class CountedChunks(SessionId session)
{
    private const uint RecordBytes = 40 * 1024;
    private const uint RecordsPerPack = (64 << 20) / (int)RecordBytes;
    private const uint FirstOffsetBytes = 144;
    private static ulong nextNumber;
    private uint nextRecord;

    public (ChunkId Id, RecordPlace Place) Next()
    {
        (uint pack, uint record) = Math.DivRem(nextRecord++, RecordsPerPack);
        RecordPlace place = new(
            new PackName(PackKind.Chunks, session, pack), FirstOffsetBytes + (record * RecordBytes), RecordBytes);
        return (NextId(), place);
    }

    private static ChunkId NextId()
    {
        Span<byte> bytes = stackalloc byte[Digest.SizeBytes];
        ulong state = ++nextNumber;
        for (int at = 0; at < Digest.SizeBytes; at += sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], Scrambled(ref state));
        }

        return new ChunkId(new Digest(bytes));
    }

    private static ulong Scrambled(ref ulong state)
    {
        unchecked
        {
            state += 0x9E3779B97F4A7C15;
            ulong mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            return mixed ^ (mixed >> 31);
        }
    }
}
