namespace HyperVBackup.Repository.Index;

/// <summary>What this host's saved index of a repository holds.</summary>
/// <param name="EntryCount">Chunks it knows the place of, about.</param>
/// <param name="NotIndexedCount">Chunks given up because its memory budget was used: they are stored again where they
/// are met again.</param>
/// <param name="FileBytes">What its files take.</param>
public sealed record IndexStatistics(long EntryCount, long NotIndexedCount, long FileBytes);
