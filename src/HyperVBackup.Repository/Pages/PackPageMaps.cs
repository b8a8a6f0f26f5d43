using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Pages;

/// <summary>The page maps of the packs used last, up to a size in all. A map that was read proves that its pack existed
/// after this object was made. Thread-safe.</summary>
/// <param name="absent">Packs that no page is taken from.</param>
/// <param name="damage">Records that no page is taken from.</param>
internal sealed class PackPageMaps(
    IBlobStore store, RepositoryId repository, int pagesPerChunk, long keptBytesMax, AbsentSet absent,
    KnownDamage? damage = null)
{
    private readonly Lock gate = new();
    private readonly LinkedList<(PackName Pack, Task<PackPageMap?> Map)> byUse = [];
    private readonly Dictionary<PackName, LinkedListNode<(PackName Pack, Task<PackPageMap?> Map)>> known = [];

    /// <summary>True when asking for the map of a pack reads nothing.</summary>
    public bool IsKept(PackName pack)
    {
        lock (gate)
        {
            return known.ContainsKey(pack);
        }
    }

    /// <returns>Null where the pack is gone, absent, damaged, of chunks of another size, or its footer larger than
    /// all that may be kept.</returns>
    public async Task<PackPageMap?> TryGetAsync(PackName pack)
    {
        TaskCompletionSource<PackPageMap?> made = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<PackPageMap?> map = FindOrAdd(pack, made.Task);
        if (map == made.Task)
        {
            try
            {
                // Not cancelled with the one who asked: others wait for the same map.
                made.SetResult(await TryReadAsync(pack, CancellationToken.None));
            }
            catch (Exception failure)
            {
                made.SetException(failure);
                throw;
            }
        }

        return await map;
    }

    private Task<PackPageMap?> FindOrAdd(PackName pack, Task<PackPageMap?> own)
    {
        lock (gate)
        {
            if (known.TryGetValue(pack, out var node))
            {
                byUse.Remove(node);
                byUse.AddFirst(node);
                return node.Value.Map;
            }

            known[pack] = byUse.AddFirst((pack, own));
            DropOldest();
            return own;
        }
    }

    /// <summary>The maps at hand that were used last, newest first.</summary>
    public void GetLatest(List<PackPageMap> maps, int countMax)
    {
        lock (gate)
        {
            foreach ((_, Task<PackPageMap?> map) in byUse)
            {
                if (maps.Count == countMax)
                {
                    return;
                }

                if (map.IsCompletedSuccessfully && map.Result is PackPageMap read)
                {
                    maps.Add(read);
                }
            }
        }
    }

    private void DropOldest()
    {
        long keptBytes = byUse.Sum(entry => SizeBytesOf(entry.Map));
        while (keptBytes > keptBytesMax && byUse.Count > 1)
        {
            (PackName pack, Task<PackPageMap?> map) = byUse.Last!.Value;
            keptBytes -= SizeBytesOf(map);
            byUse.RemoveLast();
            known.Remove(pack);
        }
    }

    private static long SizeBytesOf(Task<PackPageMap?> map)
    {
        const long OverheadBytes = 256;
        return OverheadBytes + (map.IsCompletedSuccessfully ? map.Result?.SizeBytes ?? 0 : 0);
    }

    private async Task<PackPageMap?> TryReadAsync(PackName pack, CancellationToken token)
    {
        const int ShareMax = 4;
        if (absent.Contains(pack))
        {
            return null;
        }

        try
        {
            PackFile? file = await PackFile.TryOpenAsync(store, repository, pack, pack.BlobName, token);
            bool serves = file?.Trailer.PagesPerChunk == pagesPerChunk
                && file.Trailer.PageSectionLengthBytes <= keptBytesMax / ShareMax;
            return serves ? new PackPageMap(pack, file!.Table, await file.ReadPagesAsync(token), damage) : null;
        }
        catch (Exception failure)
            when (failure is PackDamagedException or CorruptDataException or StoreException)
        {
            return null; // verify reports it; here it only means that no page is taken from there
        }
    }
}
