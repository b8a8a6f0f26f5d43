using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Repository.Packs;

/// <summary>Keeps as many of the latest used values as fit a cost in all, and always the newest. One thread at a time.
/// </summary>
/// <param name="costMax">Of all values kept.</param>
/// <param name="dropped">Told each value that is given up.</param>
internal sealed class LatestUsed<TKey, TValue>(long costMax, Action<TValue>? dropped = null)
    where TKey : notnull
{
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value, long Cost)>> known = [];
    private readonly LinkedList<(TKey Key, TValue Value, long Cost)> byUse = [];
    private long cost;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (!known.TryGetValue(key, out var node))
        {
            value = default;
            return false;
        }

        byUse.Remove(node);
        byUse.AddFirst(node);
        value = node.Value.Value;
        return true;
    }

    /// <returns>False where the key is known: then its old value stays.</returns>
    public bool TryAdd(TKey key, TValue value, long valueCost)
    {
        if (known.ContainsKey(key))
        {
            return false;
        }

        known[key] = byUse.AddFirst((key, value, valueCost));
        cost += valueCost;
        while (cost > costMax && known.Count > 1)
        {
            (TKey oldest, TValue given, long givenCost) = byUse.Last!.Value;
            byUse.RemoveLast();
            known.Remove(oldest);
            cost -= givenCost;
            dropped?.Invoke(given);
        }

        return true;
    }
}
