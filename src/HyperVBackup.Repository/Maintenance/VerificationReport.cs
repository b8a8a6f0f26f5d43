using HyperVBackup.Format.Notes;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>What a verification found.</summary>
/// <param name="Damage">Everything wrong; empty for a sound repository.</param>
/// <param name="PointCount">Restore points walked.</param>
/// <param name="PackCount">Packs looked at, copies counted.</param>
/// <param name="RecordCount">Records read, decoded and hashed.</param>
/// <param name="BytesRead">Bytes read from packs.</param>
public sealed record VerificationReport(
    IReadOnlyList<Damage> Damage, int PointCount, long PackCount, long RecordCount, long BytesRead)
{
    /// <summary>How much of the rotation through all chunk packs is done after this run, from 0 to 1; null where only
    /// some points were looked at.</summary>
    public double? RotationShare { get; init; }

    /// <summary>Places of packs that are noted as damaged for all hosts: 'repair' heals what can be healed.</summary>
    public int NotedCount { get; init; }

    /// <summary>What is wrong with packs, as it can be noted.</summary>
    internal IReadOnlyList<DamagedPlace> Places { get; init; } = [];

    /// <summary>What maps say of the packs.</summary>
    internal HintedPacks Hinted { get; init; } = new();
}
