namespace HyperVBackup.Benchmarks.Maps;

/// <summary>
/// What the nodes of an incremental would take at any fan-out, computed from the chunks that changed in each of a run
/// of incrementals: records, place hints and table lines as the format has them, the bitmap widened. Each node is
/// taken to name as many packs as there are incrementals, and the full, that wrote one of its children last.
/// </summary>
internal sealed class MetadataModel(int fanOut, long chunkCount)
{
    private const int RecordHeaderBytes = 72;
    private const int TableLineBytes = 56;
    private const int IdBytes = 32;
    private const int PlaceBytes = 3;
    private const int OffsetBytes = 4;
    private const int PackBytes = 20;
    private const int CopyCount = 2;
    private readonly List<byte[]> lastWriters = [];
    private byte incrementals;

    /// <summary>Bytes of nodes, both copies, that one more incremental writes.</summary>
    public long Add(IReadOnlyCollection<long> changed)
    {
        incrementals++;
        long bytes = 0;
        IReadOnlyCollection<long> children = changed;
        int level = 0;
        for (long width = chunkCount; level == 0 || width > 1; level++)
        {
            byte[] writers = WritersOf(level, width);
            foreach (long child in children)
            {
                writers[child] = incrementals;
            }

            HashSet<long> nodes = [.. children.Select(child => child / fanOut)];
            bool areSideBySide = level <= 1; // between nodes of higher levels lie those under them
            bytes += nodes.Sum(node => NodeBytes(writers, node, areSideBySide));
            children = nodes;
            width = (width + fanOut - 1) / fanOut;
        }

        return bytes * CopyCount;
    }

    private byte[] WritersOf(int level, long width)
    {
        if (level == lastWriters.Count)
        {
            lastWriters.Add(new byte[width]);
        }

        return lastWriters[level];
    }

    private long NodeBytes(byte[] writers, long node, bool areSideBySide)
    {
        long start = node * fanOut;
        int count = (int)Math.Min(fanOut, writers.Length - start);
        ReadOnlySpan<byte> own = writers.AsSpan((int)start, count);
        int packs = own.ToArray().Distinct().Count();
        int offsets = count;
        for (int child = 1; child < count && areSideBySide; child++)
        {
            offsets -= own[child] == own[child - 1] ? 1 : 0;
        }

        return RecordHeaderBytes + TableLineBytes + 2 + (fanOut / 8) + (count * (IdBytes + PlaceBytes)) + 1
            + (offsets * OffsetBytes) + (packs * PackBytes);
    }
}
