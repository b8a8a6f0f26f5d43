namespace HyperVBackup.Repository.Sessions;

/// <summary>Says of a run of things which are to be looked at: the first ones often, so that there are some of a short
/// run too, then each with the same small chance. Thread-safe.</summary>
/// <param name="oneInMax">Of so many things one, once the run is long; at least 1.</param>
internal sealed class SampleRate(RandomFill randomness, int oneInMax)
{
    private const int OneInFirst = 4;

    private readonly Lock gate = new();
    private int oneIn = Math.Min(OneInFirst, oneInMax);
    private int left = -1;

    public bool IsDue()
    {
        lock (gate)
        {
            left = left < 0 ? NextGap() : left - 1;
            if (left > 0)
            {
                return false;
            }

            oneIn = Math.Min(oneIn * 2, oneInMax);
            left = NextGap() + 1;
            return true;
        }
    }

    /// <summary>How many are passed over; on average one less than the rate.</summary>
    private int NextGap()
    {
        Span<byte> random = stackalloc byte[sizeof(uint)];
        randomness(random);
        return (int)(BitConverter.ToUInt32(random) % (uint)((2 * oneIn) - 1));
    }
}
