namespace HyperVBackup.Operations.Synthesize;

/// <summary>Which state of a VM to make a synthetic full of.</summary>
public sealed record SynthesizeRequest
{
    /// <summary>The VM's name or GUID.</summary>
    public required string Vm { get; init; }

    /// <summary>The point whose state is taken, as <c>list</c> shows it; null for the newest.</summary>
    public string? At { get; init; }

    /// <summary>Also writes the chunks anew in disk order, so that a restore reads packs from front to back.</summary>
    public bool Sequential { get; init; }
}
