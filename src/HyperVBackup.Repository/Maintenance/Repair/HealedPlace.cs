namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>One place that was healed, or that would be.</summary>
/// <param name="File">The blob's name.</param>
/// <param name="OffsetBytes">Where in it.</param>
/// <param name="What">What was damaged, in words.</param>
/// <param name="From">What it was healed from, in words.</param>
/// <param name="IsMended">Whether its own bytes were written again; else good copies are elsewhere now.</param>
public sealed record HealedPlace(string File, long OffsetBytes, string What, string From, bool IsMended);
