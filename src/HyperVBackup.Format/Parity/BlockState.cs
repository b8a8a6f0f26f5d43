namespace HyperVBackup.Format.Parity;

/// <summary>What is known of a block of a <see cref="ParityStripe"/>.</summary>
public enum BlockState : byte
{
    /// <summary>As its checksum says.</summary>
    Good,

    /// <summary>It is there, and nobody knows its checksum any more.</summary>
    Unsure,

    /// <summary>Damaged or missing.</summary>
    Lost,

    /// <summary>Computed from other blocks, and as its checksum says where that is known.</summary>
    Healed,
}
