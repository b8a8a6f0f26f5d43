using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// Chooses parts of a disk, spread evenly over what is not zeros, by its map alone: at each node the parts are shared
/// out among the children by the size that these cover, and a child of zeros gets none. Reads at most as many nodes of
/// each level as parts are chosen, whatever the size of the disk. Used once.
/// </summary>
/// <param name="nodes">Holds the nodes.</param>
/// <param name="map">Of the disk.</param>
/// <param name="phase">From 0 to below 1: another choice for each.</param>
public sealed class DiskMapSampler(INodeSource nodes, DiskMap map, double phase)
{
    /// <summary>Steps by it never gather anywhere between 0 and 1.</summary>
    private const double GoldenStep = 0.6180339887498949;

    private readonly List<ChunkRange> ranges = [];
    private double phase = phase;
    private bool isWhole = true;

    /// <summary>Chooses parts of one size.</summary>
    /// <param name="partChunks">Of a part; rounded up to what a node covers: 16, 256, ... chunks.</param>
    /// <param name="chunkCountMax">Of all parts, but one part is always chosen. A disk that has no more is taken whole.
    /// </param>
    /// <exception cref="CorruptDataException">A node cannot be read.</exception>
    public async Task<MapSample> ChooseAsync(long partChunks, long chunkCountMax, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partChunks);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(chunkCountMax);
        int level = 1;
        while (TreeShape.SpanOf(level) < partChunks && level < map.Height)
        {
            level++;
        }

        int countMax = checked((int)Math.Max(1, chunkCountMax / TreeShape.SpanOf(level)));
        if (!map.Top.IsZero)
        {
            await ChooseAsync(map.TopReference, map.Height, 0, level, countMax, token);
        }

        return isWhole
            ? new MapSample([new ChunkRange(0, map.ChunkCount)], IsWhole: true)
            : new MapSample(ranges, IsWhole: false);
    }

    private async ValueTask ChooseAsync(
        ChildReference part, int level, long index, int partLevel, int count, CancellationToken token)
    {
        if (level == partLevel)
        {
            long start = index * TreeShape.SpanOf(level);
            ranges.Add(new ChunkRange(start, Math.Min(start + TreeShape.SpanOf(level), map.ChunkCount)));
            return;
        }

        MapNode node = await nodes.ReadNodeAsync(new NodeId(part.Id), (byte)level, part.Place, token);
        int[] shares = Share(node, level, index, partLevel, count);
        for (int slot = 0; slot < TreeShape.FanOut; slot++)
        {
            ChildReference child = ChildReference.Of(node, slot);
            isWhole &= child.IsZero || shares[slot] > 0;
            if (shares[slot] > 0)
            {
                await ChooseAsync(
                    child, level - 1, (index * TreeShape.FanOut) + slot, partLevel, shares[slot], token);
            }
        }
    }

    /// <summary>How many of the parts lie under each child: as many as fall there of so many places at even
    /// distances.</summary>
    private int[] Share(MapNode node, int level, long index, int partLevel, int count)
    {
        long[] ends = new long[TreeShape.FanOut];
        long total = 0;
        int lastSlot = 0;
        for (int slot = 0; slot < TreeShape.FanOut; slot++)
        {
            if (!node.GetChild(slot).IsZero)
            {
                total += PartCount(level - 1, (index * TreeShape.FanOut) + slot, partLevel);
                lastSlot = slot;
            }

            ends[slot] = total;
        }

        int[] shares = new int[TreeShape.FanOut];
        count = (int)Math.Min(count, total);
        phase = (phase + GoldenStep) % 1;
        double distance = (double)total / count;
        for (int place = 0, slot = 0; place < count; place++)
        {
            while (slot < lastSlot && ends[slot] <= (place + phase) * distance)
            {
                slot++;
            }

            shares[slot]++;
        }

        return shares;
    }

    /// <summary>How many parts a node covers within the disk.</summary>
    private long PartCount(int level, long index, int partLevel)
    {
        long start = index * TreeShape.SpanOf(level);
        long end = Math.Min(start + TreeShape.SpanOf(level), map.ChunkCount);
        long span = TreeShape.SpanOf(partLevel);
        return (end - start + span - 1) / span;
    }
}
