namespace HyperVBackup.Operations.Restore;

/// <summary>How long a restore takes, as far as a sample tells.</summary>
/// <param name="SampleBytes">Restored for the sample; everything where that is little.</param>
/// <param name="SampleDuration">What that took, until it was on the disk.</param>
/// <param name="TotalBytes">What a restore writes: all chunks but those of zeros.</param>
/// <param name="Duration">Of a whole restore.</param>
public readonly record struct RestorePrediction(
    long SampleBytes, TimeSpan SampleDuration, long TotalBytes, TimeSpan Duration)
{
    /// <summary>Of what a whole restore writes; 0 where nothing was measured.</summary>
    public double BytesPerSecond => Duration > TimeSpan.Zero ? TotalBytes / Duration.TotalSeconds : 0;

    /// <summary>One disk, at the rate of its sample.</summary>
    /// <param name="totalBytes">Raised to the sample's where it is less.</param>
    public static RestorePrediction Of(long sampleBytes, TimeSpan sampleDuration, long totalBytes)
    {
        totalBytes = Math.Max(totalBytes, sampleBytes);
        TimeSpan duration =
            sampleBytes > 0 ? sampleDuration * (totalBytes / (double)sampleBytes) : TimeSpan.Zero;
        return new RestorePrediction(sampleBytes, sampleDuration, totalBytes, duration);
    }

    /// <summary>One disk after another.</summary>
    public RestorePrediction And(RestorePrediction next) => new(
        SampleBytes + next.SampleBytes,
        SampleDuration + next.SampleDuration,
        TotalBytes + next.TotalBytes,
        Duration + next.Duration);
}
