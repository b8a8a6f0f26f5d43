using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Sessions;

namespace HyperVBackup.Repository.Tests.Maintenance.Repair;

/// <summary>A disk that holds some chunks of a sample repository, and tells what it was asked for.</summary>
internal sealed class KnownChunks(params int[] numbers) : ILiveDisks
{
    public string Description => "'live'";

    public List<WantedChunk> Asked { get; } = [];

    public async Task FindAsync(
        IReadOnlyCollection<WantedChunk> wanted, ContentHasher hasher,
        Func<ChunkId, ReadOnlyMemory<byte>, ValueTask> found, Action<long> readBytes, CancellationToken token)
    {
        Asked.AddRange(wanted);
        HashSet<ChunkId> ids = [.. wanted.Select(chunk => chunk.Id)];
        foreach (int number in numbers.Where(number => ids.Contains(SampleRepository.IdOf(number))))
        {
            await found(SampleRepository.IdOf(number), SampleRepository.Chunk(number));
            await found(SampleRepository.IdOf(number), SampleRepository.Chunk(number + 1)); // a wrong answer
        }
    }
}
