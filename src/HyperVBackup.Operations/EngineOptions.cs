namespace HyperVBackup.Operations;

/// <summary>How much of the machine an engine may use.</summary>
public sealed record EngineOptions
{
    /// <summary>Threads that hash, encode and decode; at least 1.</summary>
    public int WorkerCount { get; init; } = Environment.ProcessorCount;

    /// <summary>Bytes of disk data in flight at a time, at least 8 MiB; what is encoded needs as much again.</summary>
    public long InFlightBytes { get; init; } = 16L << 20;
}
