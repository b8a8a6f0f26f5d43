using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Repository.Maintenance.Repair;

namespace HyperVBackup.Operations.Repair;

/// <summary>
/// Looks for lost chunks on disks as they are now: where points hold them, first on the disk of that name, then on the
/// others; and then wherever the disks hold anything. What cannot be read of a disk is passed over. One thread at a
/// time.
/// </summary>
/// <param name="disks">Each with the name that points may know it by.</param>
/// <param name="chunkSizeBytes">Of the repository.</param>
/// <param name="warn">Takes a sentence for each disk of which something could not be read.</param>
public sealed class LiveDisks(
    IReadOnlyList<(string Name, IDisk Disk)> disks, int chunkSizeBytes, Action<string>? warn = null) : ILiveDisks
{
    private const long BytesBetweenReports = 64L << 20;
    private readonly byte[] chunk = new byte[chunkSizeBytes];
    private readonly Digest[] pages = new Digest[chunkSizeBytes / FormatLimits.PageSizeBytes];

    public string Description => string.Join(", ", disks.Select(disk => $"'{disk.Disk.Description}'"));

    public async Task FindAsync(
        IReadOnlyCollection<WantedChunk> wanted, ContentHasher hasher,
        Func<ChunkId, ReadOnlyMemory<byte>, ValueTask> found, Action<long> readBytes, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(hasher);
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(readBytes);
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Search search = new(this, hasher, found, readBytes, [.. wanted.Select(one => one.Id)], token);
        foreach (bool isNamed in (bool[])[true, false])
        {
            foreach (WantedChunk one in wanted)
            {
                await search.LookAsync(one, isNamed);
            }
        }

        foreach ((_, IDisk disk) in disks)
        {
            await search.LookEverywhereAsync(disk);
        }
    }

    private IReadOnlyList<(string Name, IDisk Disk)> Disks => disks;

    private Action<string> Warn => warn ?? (_ => { });

    private long ChunkCountOf(IDisk disk) => (disk.VirtualSizeBytes + chunkSizeBytes - 1) / chunkSizeBytes;

    private ChunkId Read(IDisk disk, long chunkIndex, ContentHasher hasher)
    {
        long offsetBytes = chunkIndex * chunkSizeBytes;
        int lengthBytes = (int)Math.Min(chunkSizeBytes, disk.VirtualSizeBytes - offsetBytes);
        chunk.AsSpan(lengthBytes).Clear();
        disk.Read(offsetBytes, chunk.AsSpan(0, lengthBytes));
        return hasher.IdOfChunk(chunk, pages);
    }

    /// <summary>One search: what is still open, and how much was read.</summary>
    private sealed class Search(
        LiveDisks owner, ContentHasher hasher, Func<ChunkId, ReadOnlyMemory<byte>, ValueTask> found,
        Action<long> readBytes, HashSet<ChunkId> open, CancellationToken token)
    {
        private readonly HashSet<IDisk> unreadable = [];
        private long doneBytes;

        public async Task LookAsync(WantedChunk wanted, bool isNamed)
        {
            foreach ((string name, IDisk disk) in owner.Disks)
            {
                foreach (WantedPlace place in wanted.Places)
                {
                    bool isOfName = string.Equals(name, place.Disk, StringComparison.OrdinalIgnoreCase);
                    if (isOfName == isNamed && open.Contains(wanted.Id)
                        && place.ChunkIndex < owner.ChunkCountOf(disk))
                    {
                        await TakeAsync(disk, place.ChunkIndex);
                    }
                }
            }
        }

        public async Task LookEverywhereAsync(IDisk disk)
        {
            try
            {
                await LookAtAllocatedAsync(disk);
            }
            catch (DiskImageException failure)
            {
                Tell(disk, failure); // where it holds data is not known from here on
            }
        }

        private async Task LookAtAllocatedAsync(IDisk disk)
        {
            ByteRange all = new(0, Math.Max(1, disk.VirtualSizeBytes));
            long next = 0;
            foreach (ByteRange range in disk.VirtualSizeBytes == 0 ? [] : disk.AllocatedRanges(all))
            {
                long end = (range.EndBytes + owner.chunk.Length - 1) / owner.chunk.Length;
                for (next = Math.Max(next, range.StartBytes / owner.chunk.Length); next < end; next++)
                {
                    if (open.Count == 0)
                    {
                        return;
                    }

                    await TakeAsync(disk, next);
                }
            }
        }

        private async ValueTask TakeAsync(IDisk disk, long chunkIndex)
        {
            token.ThrowIfCancellationRequested();
            ChunkId? id = TryRead(disk, chunkIndex);
            doneBytes += owner.chunk.Length;
            if (doneBytes % BytesBetweenReports < owner.chunk.Length)
            {
                readBytes(doneBytes);
            }

            if (id is { } there && open.Remove(there))
            {
                await found(there, owner.chunk);
            }
        }

        private ChunkId? TryRead(IDisk disk, long chunkIndex)
        {
            try
            {
                return owner.Read(disk, chunkIndex, hasher);
            }
            catch (DiskImageException failure)
            {
                Tell(disk, failure);
                return null;
            }
        }

        private void Tell(IDisk disk, DiskImageException failure)
        {
            if (unreadable.Add(disk))
            {
                owner.Warn($"{failure.Message} What else of '{disk.Description}' cannot be read is not named.");
            }
        }
    }
}
