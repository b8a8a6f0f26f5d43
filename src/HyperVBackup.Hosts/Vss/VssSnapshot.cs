namespace HyperVBackup.Hosts.Vss;

/// <summary>A shadow copy of a volume.</summary>
/// <param name="Volume">As <see cref="VssVolume.Name"/> on the host where it was made.</param>
/// <param name="Device">How paths into it begin, without a separator at its end.</param>
public sealed record VssSnapshot(Guid Id, Guid SetId, string Volume, string Device);
