using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Tests.Maps;

/// <summary>Change lists of model disks.</summary>
internal static class Changes
{
    public static List<ChangedChunk> Between(ChunkId[] before, ChunkId[] after)
    {
        List<ChangedChunk> changes = [];
        for (int index = 0; index < after.Length; index++)
        {
            if (after[index] != (index < before.Length ? before[index] : default))
            {
                changes.Add(new ChangedChunk(index, after[index]));
            }
        }

        return changes;
    }

    public static async Task<ListReference> StoreAsync(MemoryMaps maps, IEnumerable<ChangedChunk> changes)
    {
        var writer = new ChangeListWriter(maps, ContentHasher.Plain);
        foreach (ChangedChunk change in changes)
        {
            await writer.AddAsync(change, default);
        }

        return await writer.FinishAsync(default);
    }

    public static async Task<List<ChangedChunk>> ReadAsync(MemoryMaps maps, ListReference list)
    {
        var reader = new ChangeListReader(list, maps);
        List<ChangedChunk> changes = [];
        while (await reader.MoveNextAsync(default))
        {
            changes.Add(reader.Current);
        }

        return changes;
    }
}
