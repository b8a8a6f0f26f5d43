namespace HyperVBackup.Benchmarks.Scenarios.Rooflines;

/// <summary>Where a record lies in the roofline's one file.</summary>
internal readonly record struct RecordSpan(long OffsetBytes, int LengthBytes);
