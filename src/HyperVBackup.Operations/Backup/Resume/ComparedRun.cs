using HyperVBackup.Format;

namespace HyperVBackup.Operations.Backup.Resume;

/// <summary>Neighbouring chunks that an interrupted backup read, and what it found.</summary>
/// <param name="NonZeroCount">Of a run of the parent's chunks: how many are not zeros.</param>
/// <param name="Ids">Of chunks that were found: one for each.</param>
internal sealed record ComparedRun(
    ComparedKind Kind, long FirstIndex, long Count, long NonZeroCount, ReadOnlyMemory<ChunkId> Ids)
{
    public long EndIndex => FirstIndex + Count;
}
