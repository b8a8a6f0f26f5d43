namespace HyperVBackup.Format.Rotation;

/// <summary>A session that had published all its packs when a run began.</summary>
/// <param name="Run">The first such run: what earlier ones read, its packs are not of.</param>
public readonly record struct SeenSession(SessionId Session, uint Run);
