namespace HyperVBackup.Format.Parity;

/// <summary>What is known of a block of a <see cref="ParityStripe"/>.</summary>
public enum BlockState : byte
{
    /// <summary>As its checksum says.</summary>
    Good,

    /// <summary>Damaged, missing, or with no checksum left.</summary>
    Lost,

    /// <summary>Computed from other blocks, and as its checksum says where that is known.</summary>
    Healed,
}
