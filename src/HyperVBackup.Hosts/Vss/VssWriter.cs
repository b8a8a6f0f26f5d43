namespace HyperVBackup.Hosts.Vss;

/// <summary>A program that brings what it writes to rest for shadow copies.</summary>
/// <param name="Id">Which program it is.</param>
/// <param name="InstanceId">Which of its instances.</param>
public sealed record VssWriter(Guid Id, Guid InstanceId, string Name, IReadOnlyList<VssComponent> Components);
