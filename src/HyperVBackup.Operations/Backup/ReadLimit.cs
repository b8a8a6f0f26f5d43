namespace HyperVBackup.Operations.Backup;

/// <summary>Bounds how fast disks are read: by any time no more bytes are taken than the rate allows up to then, and
/// one piece. Time without reading is not made up for. Thread-safe.</summary>
/// <param name="bytesPerSecondMax">At least 1; null for no limit.</param>
internal sealed class ReadLimit(TimeProvider clock, long? bytesPerSecondMax)
{
    private readonly Lock gate = new();
    private readonly long startTimestamp = clock.GetTimestamp();
    private TimeSpan freeAt;

    /// <summary>Waits until <paramref name="bytes"/> may be read.</summary>
    public async ValueTask TakeAsync(long bytes, CancellationToken token)
    {
        if (bytesPerSecondMax is not long rate)
        {
            return;
        }

        TimeSpan wait;
        lock (gate)
        {
            TimeSpan now = clock.GetElapsedTime(startTimestamp);
            freeAt = freeAt > now ? freeAt : now;
            wait = freeAt - now;
            freeAt += TimeSpan.FromSeconds((double)bytes / rate);
        }

        if (wait > TimeSpan.Zero)
        {
            double milliseconds = Math.Ceiling(wait.TotalMilliseconds); // a part of one would not be waited for
            await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), clock, token);
        }
    }
}
