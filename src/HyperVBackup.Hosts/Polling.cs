namespace HyperVBackup.Hosts;

/// <summary>Waits for what a host does not tell by itself.</summary>
internal static class Polling
{
    /// <summary>What a host made may appear in its listings this much later.</summary>
    public static readonly TimeSpan ListingPatience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    /// <summary>Asks again and again until the answer is yes.</summary>
    /// <returns>Whether it was before the time was over.</returns>
    public static bool Poll(this IWaiter waiter, Func<bool> question, TimeSpan patience)
    {
        DateTimeOffset end = waiter.Now + patience;
        while (!question())
        {
            if (waiter.Now >= end)
            {
                return false;
            }

            waiter.Wait(LookAgain);
        }

        return true;
    }
}
