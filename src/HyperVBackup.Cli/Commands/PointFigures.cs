using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Proof;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Repository.Maintenance;

namespace HyperVBackup.Cli.Commands;

/// <summary>What <c>stats</c> says of one restore point.</summary>
/// <param name="Fragmentation">Null where the point's maps cannot be read.</param>
/// <param name="Prediction">Null where it was not asked for, or what the sample needs cannot be read.</param>
/// <param name="Proofs">Of each disk; none where the ranges that points recorded cannot be read.</param>
internal sealed record PointFigures(
    RestorePoint Point, Fragmentation? Fragmentation, RestorePrediction? Prediction, IReadOnlyList<DiskProof> Proofs);
