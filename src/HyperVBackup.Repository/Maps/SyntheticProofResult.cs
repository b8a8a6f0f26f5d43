using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>What came of folding change lists over an ancestor's map.</summary>
/// <param name="IsEqual">True where the folded disk is, chunk for chunk, the one recorded.</param>
/// <param name="FoldedRoot">The root of the folded disk.</param>
/// <param name="FoldedChunkCount">How many chunks the lists name, each counted once.</param>
/// <param name="DifferentRanges">Where the folded disk and the recorded map differ, ascending; only the first
/// <see cref="SyntheticProof.RangeCountMax"/>. May be empty without the disks being equal: then the recorded root is
/// not that of the recorded map.</param>
/// <param name="DifferentRangeCount">How many such ranges there are in all.</param>
/// <param name="DifferentChunkCount">How many chunks lie in them.</param>
public sealed record SyntheticProofResult(
    bool IsEqual,
    DiskRoot FoldedRoot,
    long FoldedChunkCount,
    IReadOnlyList<ListedRange> DifferentRanges,
    long DifferentRangeCount,
    long DifferentChunkCount);
