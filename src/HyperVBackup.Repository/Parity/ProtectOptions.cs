namespace HyperVBackup.Repository.Parity;

/// <summary>What a <see cref="Protection"/> is to do.</summary>
public sealed record ProtectOptions
{
    /// <summary>Of the packs' bytes, 1 to 100.</summary>
    public required int ParityPercent
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 100);
            field = value;
        }
    }

    /// <summary>Packs that are checked side by side.</summary>
    public int WorkerCount { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 4);
}
