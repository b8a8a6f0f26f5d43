namespace HyperVBackup.RealParts.Qemu.Live;

/// <summary>One backup of a guest that writes, and what its log said around it.</summary>
/// <param name="AtSeconds">When it began, since the demonstration did.</param>
/// <param name="FlushedBefore">The last number that the guest had flushed when the backup began: must be in it.</param>
/// <param name="FlushedAfter">The last one when it ended; that and the next may be in it.</param>
internal sealed record LivePoint(double AtSeconds, int FlushedBefore, int FlushedAfter)
{
    /// <summary>The restore point; null if the backup made none.</summary>
    public string? Id { get; init; }

    public string Kind { get; init; } = "failed";

    public double TookSeconds { get; init; }

    public long BytesRead { get; init; }

    public long BytesStored { get; init; }

    /// <summary>Why changes were lost, or why there is no point.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What is wrong with what the point holds; null until it was looked at, empty if nothing is.</summary>
    public string? Fault { get; init; }

    /// <summary>The last number found in it.</summary>
    public int Found { get; init; }
}
