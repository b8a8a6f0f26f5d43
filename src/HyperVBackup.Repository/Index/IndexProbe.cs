using System.Buffers.Binary;
using System.Runtime.InteropServices;
using HyperVBackup.Format;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>After a recovery: do entries that stand in the log file come out of FASTER?</summary>
internal static class IndexProbe
{
    private const int ProbeCountMax = PlaceFunctions.BatchCountMax;
    private const int HeaderBytes = 8;

    /// <summary>Binds entries to a repository.</summary>
    public static ulong SaltOf(RepositoryId repository)
    {
        Span<byte> bytes = stackalloc byte[RepositoryId.SizeBytes];
        repository.WriteTo(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes)
            ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes[sizeof(ulong)..]);
    }

    /// <summary>Takes entries evenly spread over the log, the last one included.</summary>
    /// <exception cref="CorruptDataException">An entry is not whole, or FASTER does not find it.</exception>
    public static void Check(SafeFileHandle log, long entryCount, ulong salt, IndexStore store)
    {
        int probeCount = (int)Math.Min(entryCount, ProbeCountMax);
        ChunkId[] ids = new ChunkId[probeCount];
        for (int probe = 0; probe < probeCount; probe++)
        {
            ids[probe] = ReadId(log, (entryCount * (probe + 1) / probeCount) - 1, salt);
        }

        ReadOnlySpan<StoredPlace> found = store.Find(ids);
        for (int probe = 0; probe < probeCount; probe++)
        {
            Corrupt.Unless(!found[probe].IsNone && found[probe].Fits(in ids[probe], salt), "index log: probe");
        }
    }

    private static ChunkId ReadId(SafeFileHandle log, long entryIndex, ulong salt)
    {
        Span<byte> entry = stackalloc byte[IndexSizes.EntryBytes];
        LogSums.ReadExactly(log, entry, LogMark.FirstEntryBytes + (entryIndex * IndexSizes.EntryBytes));
        ChunkId id = MemoryMarshal.Read<ChunkId>(entry[HeaderBytes..]);
        StoredPlace place = MemoryMarshal.Read<StoredPlace>(entry[(HeaderBytes + Digest.SizeBytes)..]);
        Corrupt.Unless(place.Fits(in id, salt), "index log: entry");
        return id;
    }
}
