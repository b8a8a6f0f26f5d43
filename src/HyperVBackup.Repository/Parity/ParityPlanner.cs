using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Parity;

namespace HyperVBackup.Repository.Parity;

/// <summary>Cuts the chunk packs of a session into groups as they come: so large that the parity of a full group makes
/// good a whole pack, but no larger, as packs of a group can only be deleted together. One thread at a time.</summary>
internal sealed class ParityPlanner(int percent)
{
    private const long GroupBytesMax = 1L << 30;
    private const int Percent = 100;

    /// <summary>A pack is a little longer than its target, and its blocks begin anywhere in a column.</summary>
    private const int SlackPercent = 115;

    private readonly List<ProtectedPack> pending = [];
    private long pendingBytes;

    private long TargetBytes => Math.Min(
        GroupBytesMax, FormatLimits.ChunkPackTargetBytes / Percent * (long)SlackPercent * Percent / percent);

    /// <summary>Takes the next pack, in the order of their numbers.</summary>
    /// <returns>A group that is full; null while none is.</returns>
    public List<ProtectedPack>? Add(ProtectedPack pack)
    {
        pending.Add(pack);
        pendingBytes += pack.LengthBytes;
        bool isFull = pendingBytes >= TargetBytes + (TargetBytes / 2)
            || pending.Count == FormatLimits.ParityPackCountMax;
        return isFull ? TakeFull() : null;
    }

    /// <returns>The last group, which may be a small one; null where nothing is left.</returns>
    public List<ProtectedPack>? Finish() => pending.Count > 0 ? Take(pending.Count) : null;

    /// <summary>What is left over stays for the next one, which is never tiny for that.</summary>
    private List<ProtectedPack> TakeFull()
    {
        int count = 0;
        for (long bytes = 0; count < pending.Count && bytes < TargetBytes; count++)
        {
            bytes += pending[count].LengthBytes;
        }

        return Take(count);
    }

    private List<ProtectedPack> Take(int count)
    {
        List<ProtectedPack> taken = pending[..count];
        pending.RemoveRange(0, count);
        pendingBytes -= taken.Sum(pack => pack.LengthBytes);
        return taken;
    }
}
