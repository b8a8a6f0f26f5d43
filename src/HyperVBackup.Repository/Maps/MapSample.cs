namespace HyperVBackup.Repository.Maps;

/// <summary>Ranges of a disk that stand for all of it.</summary>
/// <param name="Ranges">Ascending, disjoint; not all of their chunks need be other than zeros.</param>
/// <param name="IsWhole">Whether every chunk of the disk that is not zeros lies in them.</param>
public readonly record struct MapSample(IReadOnlyList<ChunkRange> Ranges, bool IsWhole);
