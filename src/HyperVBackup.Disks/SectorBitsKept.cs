using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Disks;

/// <summary>The sector bits read last, one range for each of some blocks: what a disk has is asked for shortly before
/// it is read, and should not be looked up in the file twice. Bounded memory. Thread-safe.</summary>
internal sealed class SectorBitsKept
{
    private const int LengthBytesMax = 256 << 10;

    private readonly Lock gate = new();
    private readonly Dictionary<long, SectorBits> byBlock = [];
    private readonly Queue<long> oldestFirst = [];
    private long lengthBytes;

    public bool TryFind(long block, long withinBytes, long lengthBytes, [NotNullWhen(true)] out SectorBits? bits)
    {
        lock (gate)
        {
            return byBlock.TryGetValue(block, out bits) && bits.Covers(withinBytes, lengthBytes);
        }
    }

    public void Keep(long block, SectorBits bits)
    {
        lock (gate)
        {
            if (byBlock.TryGetValue(block, out SectorBits? before))
            {
                lengthBytes -= before.LengthBytes;
            }
            else
            {
                oldestFirst.Enqueue(block);
            }
            byBlock[block] = bits;
            lengthBytes += bits.LengthBytes;
            while (lengthBytes > LengthBytesMax)
            {
                byBlock.Remove(oldestFirst.Dequeue(), out SectorBits? oldest);
                lengthBytes -= oldest!.LengthBytes;
            }
        }
    }
}
