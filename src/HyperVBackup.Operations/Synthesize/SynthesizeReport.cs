using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Synthesize;

/// <summary>A synthetic full that was proven equal to what its point recorded, and published.</summary>
public sealed record SynthesizeReport(RestorePoint Point);
