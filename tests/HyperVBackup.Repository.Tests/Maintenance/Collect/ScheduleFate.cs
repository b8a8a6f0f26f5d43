namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>Who goes on when, in one schedule: actors mix, one of them often quicker than the others; some die, some
/// fall asleep anywhere for long, some answers of the store get lost. All from one seed.</summary>
internal sealed class ScheduleFate
{
    private const int LengthMax = 1200; // operations, about
    private readonly Random random;
    private readonly int preferred;
    private readonly Dictionary<int, int> deaths = [];
    private readonly Dictionary<int, (int From, int To)> sleeps = [];
    private readonly int lossOneIn;
    private int step;

    public ScheduleFate(int seed, int actorCount)
    {
        random = new Random(seed);
        preferred = random.Next(actorCount);
        for (int death = random.Next(3); death > 0; death--)
        {
            deaths[random.Next(actorCount)] = random.Next(LengthMax);
        }

        for (int sleep = random.Next(3); sleep > 0; sleep--)
        {
            int from = random.Next(LengthMax);
            sleeps[random.Next(actorCount)] = (from, from + random.Next(LengthMax));
        }

        lossOneIn = random.Next(3) == 0 ? random.Next(10, 60) : int.MaxValue;
    }

    public int LostAnswers { get; private set; }

    /// <summary>The sleeping wake up when nobody else is left.</summary>
    /// <returns>Null when all who wait are dead.</returns>
    public int? Choose(IReadOnlyList<int> waiting)
    {
        step++;
        int[] alive = [.. waiting.Where(actor => !deaths.TryGetValue(actor, out int at) || step < at)];
        int[] awake = [.. alive.Where(actor => !sleeps.TryGetValue(actor, out var sleep)
            || step < sleep.From || step >= sleep.To)];
        int[] ready = awake.Length > 0 ? awake : alive;
        return ready.Length == 0 ? null
            : ready.Contains(preferred) && random.Next(3) > 0 ? preferred
            : ready[random.Next(ready.Length)];
    }

    public bool LosesAnswer()
    {
        bool isLost = random.Next(lossOneIn) == 0 && lossOneIn < int.MaxValue;
        LostAnswers += isLost ? 1 : 0;
        return isLost;
    }
}
