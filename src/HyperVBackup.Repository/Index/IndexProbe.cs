using System.Buffers.Binary;
using HyperVBackup.Format;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>After a recovery: do entries that stand in the log file come out of FASTER?</summary>
internal static class IndexProbe
{
    private const int ProbeCountMax = PlaceFunctions.BatchCountMax;

    /// <summary>Few, as each may cost the disk two seeks.</summary>
    private const int SettledProbeCountMax = 8;

    /// <summary>Binds entries to a repository.</summary>
    public static ulong SaltOf(RepositoryId repository)
    {
        Span<byte> bytes = stackalloc byte[RepositoryId.SizeBytes];
        repository.WriteTo(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes)
            ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes[sizeof(ulong)..]);
    }

    /// <summary>Takes entries evenly spread over the settled and the newest part of the log, the last ones included.
    /// </summary>
    /// <exception cref="CorruptDataException">An entry is not whole, or is not found.</exception>
    public static void Check(SafeFileHandle log, ulong salt, SettledEntries settled, IndexStore store)
    {
        long settledEnd = LogEntry.CountBefore(settled.EndBytes);
        LogEntry[] probes = new LogEntry[ProbeCountMax];
        int settledCount = Read(log, salt, 0, settledEnd, probes.AsSpan(0, SettledProbeCountMax));
        foreach (LogEntry probe in probes.AsSpan(0, settledCount))
        {
            StoredPlace found = settled.Find(probe.Key); // another one where it was replaced
            Corrupt.Unless(found.Fits(probe.Key, salt), "index table: probe");
        }

        int count = Read(log, salt, settledEnd, settledEnd + store.EntryCount, probes);
        ChunkId[] ids = [.. probes.AsSpan(0, count).ToArray().Select(probe => probe.Key.ToId())];
        ReadOnlySpan<StoredPlace> places = store.Find(ids);
        for (int position = 0; position < count; position++)
        {
            Corrupt.Unless(places[position].Fits(probes[position].Key, salt), "index log: probe");
        }
    }

    private static int Read(SafeFileHandle log, ulong salt, long first, long end, Span<LogEntry> probes)
    {
        int probeCount = (int)Math.Min(end - first, probes.Length);
        for (int probe = 0; probe < probeCount; probe++)
        {
            long index = first + ((end - first) * (probe + 1) / probeCount) - 1;
            probes[probe] = LogEntry.Read(log, LogEntry.AddressOf(index), salt);
        }

        return probeCount;
    }
}
