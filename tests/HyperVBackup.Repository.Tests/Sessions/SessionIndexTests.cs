using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Index;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Sessions;

/// <summary>When a writing session opens and saves its host's index.</summary>
public sealed class SessionIndexTests : IDisposable
{
    private readonly StateFolder state = new();

    public void Dispose() => state.Dispose();

    [Fact]
    public async Task A_session_that_cannot_begin_gives_the_index_back()
    {
        (SampleRepository sample, BackupRepository repository) = await MakeAsync();
        sample.Store[new BlobName("condemned/1")] = [1];
        await Assert.ThrowsAsync<RepositoryUnusableException>(
            () => repository.OpenWritingSessionAsync(LeaseKind.Backup, default));
        await using IChunkIndex index = state.Open(repository.Id);
        Assert.IsType<FasterChunkIndex>(index);
    }

    [Fact]
    public async Task What_a_session_stored_is_saved_and_covered_when_its_commit_ends()
    {
        (SampleRepository sample, BackupRepository repository) = await MakeAsync();
        await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await sample.WriteAsync(session, [1, 2]);
        await session.CommitAsync(point, default);
        Assert.Empty(sample.NamesIn("leases/"));
        await using IChunkIndex saved = state.Open(repository.Id); // a view, as the session still has it
        Assert.True(saved.Covers(session.Id));
        Assert.True(saved.EntryCount >= 2);
    }

    private async Task<(SampleRepository Sample, BackupRepository Repository)> MakeAsync()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RepositoryEnvironment environment = SampleRepository.NewEnvironment() with { StateFolder = state.Root };
        return (sample, await BackupRepository.OpenAsync(sample.Store, environment, default));
    }
}
