using HyperVBackup.Repository;

namespace HyperVBackup.Operations;

/// <summary>Runs an operation once more, in a new session, where a collector gave its first one up (W7). Nothing that
/// the first run found in the repository is relied on; what it stored the second one looks up as anybody's.</summary>
internal static class FencedRerun
{
    /// <param name="runAsync">Opens a session of its own each time; told whether this is the second time.</param>
    /// <exception cref="SessionFencedException">The second session was given up too.</exception>
    public static async Task<T> RunAsync<T>(Func<bool, Task<T>> runAsync)
    {
        try
        {
            return await runAsync(false);
        }
        catch (SessionFencedException)
        {
            return await runAsync(true);
        }
    }
}
