using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Explain;

/// <summary>
/// The records that are explained, by id; the chunks elsewhere whose recipes take pages from them; and which restore
/// points were found to need each. One thread at a time.
/// </summary>
internal sealed class RecordTargets
{
    /// <summary>Stands for a point that keeps nothing.</summary>
    public const int Nobody = -1;

    /// <summary>Chunks that take pages are kept in memory up to this many; beyond it there are more than are told.
    /// </summary>
    private const int TakerCountMax = 1_000_000;
    private const int Many = -2;

    private readonly Dictionary<Digest, int> numbers = [];
    private readonly List<long> lengths = [];
    private readonly List<int> keepers = [];
    private readonly Dictionary<Digest, List<int>> takers = [];

    /// <summary>Chunks whose recipes take pages from the targets.</summary>
    public IReadOnlyCollection<Digest> Takers => takers.Keys;

    /// <summary>Whether there are more of these than are kept.</summary>
    public bool HasMoreTakers { get; private set; }

    public int Count => lengths.Count;

    public long LengthBytes => lengths.Sum();

    /// <summary>How many of the records some point needs, and their bytes.</summary>
    public (int Count, long Bytes) Needed => Sum(keeper => keeper != Nobody);

    public bool Contains(Digest id) => numbers.ContainsKey(id);

    /// <summary>Adds a record; another one of the same id adds its length.</summary>
    public void Add(Digest id, long lengthBytes)
    {
        if (!numbers.TryAdd(id, lengths.Count))
        {
            lengths[numbers[id]] += lengthBytes;
            return;
        }

        lengths.Add(lengthBytes);
        keepers.Add(Nobody);
    }

    /// <summary>Notes that a recipe of <paramref name="chunk"/> takes pages from a target.</summary>
    public void AddTaker(Digest chunk, Digest target)
    {
        if (!takers.TryGetValue(chunk, out List<int>? taken))
        {
            HasMoreTakers |= takers.Count >= TakerCountMax;
            if (takers.Count >= TakerCountMax)
            {
                return;
            }

            takers[chunk] = taken = [];
        }

        if (!taken.Contains(numbers[target]))
        {
            taken.Add(numbers[target]);
        }
    }

    /// <summary>Whether something that a point reaches is a target, or takes pages from one.</summary>
    /// <param name="isItself">Whether it is one.</param>
    public bool IsHit(Digest id, out bool isItself)
    {
        isItself = numbers.ContainsKey(id);
        return isItself || takers.ContainsKey(id);
    }

    /// <summary>Notes that a point needs what <paramref name="id"/> is, or takes pages from.</summary>
    /// <param name="point">Its number, from 0; <see cref="Nobody"/> where it is pruned and keeps nothing.</param>
    /// <param name="seen">The targets that the point was found to need so far.</param>
    public void Note(Digest id, int point, HashSet<int> seen)
    {
        if (numbers.TryGetValue(id, out int number))
        {
            Note(number, point, seen);
        }

        foreach (int taken in takers.GetValueOrDefault(id) ?? [])
        {
            Note(taken, point, seen);
        }
    }

    /// <summary>The bytes of the records that a point alone needs.</summary>
    public long OwnBytes(int point) => Sum(keeper => keeper == point).Bytes;

    private void Note(int number, int point, HashSet<int> seen)
    {
        if (seen.Add(number) && point != Nobody)
        {
            keepers[number] = keepers[number] == Nobody ? point : Many;
        }
    }

    private (int Count, long Bytes) Sum(Func<int, bool> counts)
    {
        (int count, long bytes) = (0, 0);
        for (int number = 0; number < lengths.Count; number++)
        {
            count += counts(keepers[number]) ? 1 : 0;
            bytes += counts(keepers[number]) ? lengths[number] : 0;
        }

        return (count, bytes);
    }
}
