namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>What a repair did, or would do, and what is left.</summary>
/// <param name="Healed">By file and offset.</param>
/// <param name="Left">What could not be healed, and the points it touches; empty where all is well.</param>
/// <param name="Touched">What of which disks is lost by that.</param>
/// <param name="BytesRead">Bytes read from packs while checking.</param>
/// <param name="BytesWritten">Bytes of new copies, and of what was mended.</param>
public sealed record RepairReport(
    IReadOnlyList<HealedPlace> Healed, IReadOnlyList<Damage> Left, IReadOnlyList<TouchedDisk> Touched,
    long BytesRead, long BytesWritten);
