namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>How far a repair is.</summary>
/// <param name="Stage">What is done now.</param>
/// <param name="DoneCount">Of what the stage goes over.</param>
/// <param name="TotalCount">0 where it is not known.</param>
/// <param name="DoneBytes">Bytes read in it.</param>
public sealed record RepairProgress(string Stage, long DoneCount, long TotalCount, long DoneBytes);
