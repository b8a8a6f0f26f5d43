namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>One restore of a point, and what was predicted of it just before.</summary>
internal readonly record struct AgeingRun(double Seconds, double ProcessorSeconds, double PredictedSeconds);
