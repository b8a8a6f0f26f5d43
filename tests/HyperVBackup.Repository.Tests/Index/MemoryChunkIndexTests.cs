using HyperVBackup.Repository.Index;

namespace HyperVBackup.Repository.Tests.Index;

public sealed class MemoryChunkIndexTests : KeptIndexContract
{
    internal override IChunkIndex Open() => new MemoryChunkIndex(IndexSample.SmallBudgetBytes);
}
