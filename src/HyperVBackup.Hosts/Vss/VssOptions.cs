namespace HyperVBackup.Hosts.Vss;

/// <summary>What kind of shadow copies a backup is to make.</summary>
/// <param name="AsksWriters">Whether writers take part; without them nothing is brought to rest.</param>
/// <param name="IsPersistent">Whether the shadow copies outlive who asked for them, and a restart of the host.</param>
/// <param name="IsTransportable">Whether another host can import them; needs a hardware provider.</param>
public sealed record VssOptions(bool AsksWriters, bool IsPersistent = false, bool IsTransportable = false);
