namespace HyperVBackup.Format.Parity;

/// <summary>A part of a pack that lies in one column of a stripe.</summary>
/// <param name="Pack">Index among <see cref="ParityGroup.Packs"/>.</param>
/// <param name="OffsetBytes">In the pack.</param>
/// <param name="LengthBytes">Whole blocks, but at the end of the pack.</param>
/// <param name="AtBytes">Where it begins in the column's part of the stripe.</param>
public readonly record struct ParitySpan(int Pack, long OffsetBytes, int LengthBytes, int AtBytes);
