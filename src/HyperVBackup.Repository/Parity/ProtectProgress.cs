namespace HyperVBackup.Repository.Parity;

/// <summary>How far a <see cref="Protection"/> is.</summary>
/// <param name="DoneBytes">Of packs.</param>
/// <param name="TotalBytes">Of all packs that are to be protected.</param>
public readonly record struct ProtectProgress(long DoneBytes, long TotalBytes);
