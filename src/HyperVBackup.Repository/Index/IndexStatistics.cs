namespace HyperVBackup.Repository.Index;

/// <summary>What this host's saved index of a repository holds.</summary>
/// <param name="EntryCount">Chunks and hooks it knows the place of, about.</param>
/// <param name="NotIndexedCount">Entries given up because its memory budget was used: what they stand for is stored
/// again where it is met again.</param>
/// <param name="FileBytes">What its files take.</param>
public sealed record IndexStatistics(long EntryCount, long NotIndexedCount, long FileBytes);
