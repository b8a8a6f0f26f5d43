using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Index;
using HyperVBackup.Repository.Tests.Sessions;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance;

/// <summary>A chunk pack without its footer: what it holds is found by the records themselves.</summary>
public sealed class LostFooterTests
{
    private static readonly int[] Chunks = [1, 2, 3, 4];

    [Theory]
    [InlineData("cut")]
    [InlineData("overwritten")]
    [InlineData("last byte")]
    public async Task A_rebuilt_index_knows_its_records_and_a_session_believes_them(string damage)
    {
        using StateFolder folder = new();
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync(Chunks);
        string pack = sample.NamesIn("packs/")[0].Path;
        byte[] bytes = sample.Store[new(pack)];
        int footer = checked((int)PackTrailer.Read(bytes.AsSpan(^PackTrailer.SizeBytes..), bytes.Length)
            .PageSectionStartBytes);
        sample.Store[new(pack)] = damage switch
        {
            "cut" => bytes[..footer],
            "overwritten" => [.. bytes[..footer], .. new byte[bytes.Length - footer]],
            _ => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)],
        };
        Assert.All(await FatesAsync(sample, folder), fate => Assert.Equal(ChunkFate.Stored, fate));
        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, point.Id, Chunks));
    }

    [Fact]
    public async Task A_damaged_record_among_them_is_passed_over()
    {
        using StateFolder folder = new();
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync(Chunks);
        string pack = sample.NamesIn("packs/")[0].Path;
        byte[] bytes = sample.Store[new(pack)];
        bytes[^1] ^= 1;
        bytes[200] ^= 1; // in the first record
        ChunkFate[] fates = await FatesAsync(sample, folder);
        Assert.Single(fates, ChunkFate.New);
    }

    private static async Task<ChunkFate[]> FatesAsync(SampleRepository sample, StateFolder folder)
    {
        BackupRepository repository = await BackupRepository.OpenAsync(
            sample.Store,
            SampleRepository.NewEnvironment() with { StateFolder = folder.Root, MemoryBudgetBytes = 64 << 20 },
            default);
        await repository.RebuildIndexAsync(new Silence<IndexProgress>(), default);
        await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        ChunkFate[] fates = new ChunkFate[Chunks.Length];
        await session.ClassifyAsync(
            Chunks.Select(SampleRepository.IdOf).ToArray(), new RecordPlace[Chunks.Length], fates, default);
        return fates;
    }
}
