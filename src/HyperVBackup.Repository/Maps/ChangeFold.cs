using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// Merges the change lists of a run of restore points into one, ascending: of the changes to a chunk the newest counts.
/// In memory are each list's head and one segment of it (1 MB), whatever the lists' lengths. Not thread-safe.
/// </summary>
public sealed class ChangeFold
{
    private readonly List<ChangeListReader> lists;

    // The lists not yet at their end, by the chunk they stand on and, among those on the same chunk, the newest first.
    private readonly PriorityQueue<ChangeListReader, (long ChunkIndex, int Age)> queue = new();
    private bool isStarted;

    /// <param name="oldestFirst">The lists of changes, in the order of their restore points.</param>
    /// <param name="nodes">Holds the lists.</param>
    public ChangeFold(IEnumerable<ListReference> oldestFirst, INodeSource nodes)
    {
        lists = [.. oldestFirst.Select(list => new ChangeListReader(list, nodes))];
        lists.Reverse();
    }

    /// <summary>The chunk that was merged last, with the newest of its ids.</summary>
    public ChangedChunk Current { get; private set; }

    /// <summary>Goes to the next chunk that any list names; false where there is none.</summary>
    /// <exception cref="Format.CorruptDataException">A list cannot be read.</exception>
    public async ValueTask<bool> MoveNextAsync(CancellationToken token)
    {
        await StartAsync(token);
        if (!queue.TryPeek(out ChangeListReader? newest, out _))
        {
            return false;
        }

        Current = newest.Current;
        while (queue.TryPeek(out ChangeListReader? list, out (long ChunkIndex, int Age) key)
            && key.ChunkIndex == Current.ChunkIndex)
        {
            queue.Dequeue();
            await EnqueueNextAsync(list, key.Age, token);
        }

        return true;
    }

    private async ValueTask StartAsync(CancellationToken token)
    {
        if (isStarted)
        {
            return;
        }

        isStarted = true;
        for (int age = 0; age < lists.Count; age++)
        {
            await EnqueueNextAsync(lists[age], age, token);
        }
    }

    private async ValueTask EnqueueNextAsync(ChangeListReader list, int age, CancellationToken token)
    {
        if (await list.MoveNextAsync(token))
        {
            queue.Enqueue(list, (list.Current.ChunkIndex, age));
        }
    }
}
