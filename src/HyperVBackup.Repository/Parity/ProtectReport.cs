using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Parity;

/// <summary>What a <see cref="Protection"/> did.</summary>
/// <param name="PackCount">Packs that are protected now and were not.</param>
/// <param name="PackBytes">In these.</param>
/// <param name="ParityFileCount">Parity files made.</param>
/// <param name="ParityBytes">In these.</param>
/// <param name="ProtectedBefore">Packs that were protected already.</param>
/// <param name="Damaged">Packs that were left: parity would only keep their damage.</param>
public sealed record ProtectReport(
    int PackCount, long PackBytes, int ParityFileCount, long ParityBytes, int ProtectedBefore,
    IReadOnlyList<PackName> Damaged);
