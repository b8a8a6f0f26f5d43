namespace HyperVBackup.Hosts.Probing;

/// <summary>One of the points that no documentation settles.</summary>
/// <param name="Number">From 1 to 9.</param>
/// <param name="What">What is hoped for: half a sentence.</param>
/// <param name="Detail">What was seen: one sentence.</param>
public sealed record ProbePoint(int Number, string What, ProbeResult Result, string Detail);
