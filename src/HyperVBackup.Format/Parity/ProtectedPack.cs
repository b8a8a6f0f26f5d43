namespace HyperVBackup.Format.Parity;

/// <summary>A pack of a <see cref="ParityGroup"/>.</summary>
/// <param name="Number">Among its session's chunk packs.</param>
/// <param name="LengthBytes">As it was published, 1 byte to 1 GiB.</param>
public readonly record struct ProtectedPack(uint Number, long LengthBytes);
