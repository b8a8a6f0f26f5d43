using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Maintenance;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Sessions;

/// <summary>The settings stand twice: either copy opens the repository.</summary>
public sealed class SettingsFileTests
{
    private static readonly BlobName First = new(FileNames.Repository);
    private static readonly BlobName Second = new(FileNames.RepositoryMirror);
    private readonly MemoryStore store = new();
    private readonly List<string> warnings = [];

    [Fact]
    public async Task The_copies_differ_in_their_names_only_and_the_first_is_put_first()
    {
        CallLog log = new(store);
        RepositoryId id = (await MakeAsync()).Id;
        Assert.Equal([FileNames.Repository, FileNames.RepositoryMirror], log.Written);
        byte[] plain = SampleRepository.Settings.Write();
        Assert.Equal(FileOf(FileNames.Repository, id, plain), store[First]);
        Assert.Equal(FileOf(FileNames.RepositoryMirror, id, plain), store[Second]);
        await OpenAsync();
        Assert.Empty(warnings);
    }

    [Theory]
    [InlineData("missing", "is missing")]
    [InlineData("damaged", "checksum")]
    [InlineData("empty", "damaged at offset 0")]
    [InlineData("the second's", "damaged at offset 0")]
    [InlineData("unreadable", "bad sector")]
    public async Task The_second_copy_serves_with_a_warning(string damage, string why)
    {
        RepositoryId id = (await MakeAsync()).Id;
        await DamageAsync(First, damage);
        BackupRepository opened = await OpenAsync();
        Assert.Equal((id, SampleRepository.Settings), (opened.Id, opened.Settings));
        string warning = Assert.Single(warnings);
        Assert.Contains($"'{FileNames.RepositoryMirror}'", warning, StringComparison.Ordinal);
        Assert.Contains(why, warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("damaged", "damaged", "'repository' is damaged at offset 0")]
    [InlineData("damaged", "missing", "'repository' is damaged at offset 0")]
    [InlineData("damaged", "unreadable", "'repository' is damaged at offset 0")]
    [InlineData("missing", "damaged", "'mirror/repository' is damaged at offset 0")]
    [InlineData("missing", "missing", "There is no repository")]
    public async Task Without_a_good_copy_the_repository_is_refused(string first, string second, string needle)
    {
        await MakeAsync();
        await DamageAsync(First, first);
        await DamageAsync(Second, second);
        RepositoryUnusableException refusal = await Assert.ThrowsAsync<RepositoryUnusableException>(OpenAsync);
        Assert.Contains(needle, refusal.Message, StringComparison.Ordinal);
        Assert.Empty(warnings);
    }

    [Fact]
    public async Task A_store_that_cannot_be_read_is_no_damage()
    {
        await MakeAsync();
        store.Before = _ => throw new StoreException("unplugged");
        await Assert.ThrowsAsync<StoreException>(OpenAsync);
    }

    [Fact]
    public async Task A_second_copy_that_cannot_be_put_is_warned_about_and_put_by_the_next_session()
    {
        store.Before = call => Fail(call.Kind == StoreCallKind.Put && call.Name == FileNames.RepositoryMirror);
        BackupRepository repository = await MakeAsync();
        Assert.Contains("one copy only", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal([First], store.Names);
        await OpenSessionAsync(repository);
        Assert.Equal(2, warnings.Count);
        store.Before = null;
        await OpenSessionAsync(repository);
        Assert.Equal(2, warnings.Count);
        Assert.Empty((await VerifyAsync(repository)).Damage);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_first_copy_that_stands_though_its_put_failed_is_put_once_more(int failures)
    {
        int left = failures;
        store.After = call => Fail(call.Kind == StoreCallKind.Put && call.Name == FileNames.Repository && left-- > 0);
        if (failures > 1)
        {
            await Assert.ThrowsAsync<StoreException>(() => MakeAsync());
            return;
        }

        RepositoryId id = (await MakeAsync()).Id;
        Assert.Equal(id, (await OpenAsync()).Id);
        Assert.Empty(warnings);
    }

    [Theory]
    [InlineData(FileNames.Repository)]
    [InlineData(FileNames.RepositoryMirror)]
    public async Task A_session_puts_a_missing_copy_as_it_was(string name)
    {
        await MakeAsync();
        byte[] before = store[new BlobName(name)];
        await store.DeleteAsync(new BlobName(name), default);
        await OpenSessionAsync(await OpenAsync());
        Assert.Equal(before, store[new BlobName(name)]);
    }

    [Theory]
    [InlineData(FileNames.Repository)]
    [InlineData(FileNames.RepositoryMirror)]
    public async Task A_session_leaves_a_damaged_copy_as_it_is(string name)
    {
        await MakeAsync();
        await DamageAsync(new BlobName(name), "damaged");
        byte[] before = [.. store[new BlobName(name)]];
        await OpenSessionAsync(await OpenAsync());
        Assert.Equal(before, store[new BlobName(name)]);
    }

    [Theory]
    [InlineData("missing", "missing")]
    [InlineData("damaged", "checksum")]
    [InlineData("unreadable", "bad sector")]
    [InlineData("another's", "another repository's")]
    [InlineData("other settings", "differ")]
    public async Task Verification_says_what_is_wrong_with_a_copy_and_that_no_point_is_lost(string damage, string why)
    {
        BackupRepository repository = await MakeAsync();
        foreach (BlobName name in (BlobName[])[First, Second])
        {
            byte[] before = [.. store[name]];
            await DamageAsync(name, damage);
            Damage found = Assert.Single((await VerifyAsync(repository)).Damage);
            Assert.Equal((name.Path, 0), (found.File, found.OffsetBytes));
            Assert.Contains(why, found.What, StringComparison.Ordinal);
            Assert.Empty(found.Points);
            (store.Before, store[name]) = (null, before);
        }
    }

    [Fact]
    public async Task A_repository_just_made_is_sound_though_its_clock_is_finer_than_the_settings()
    {
        RepositorySettings settings =
            SampleRepository.Settings with { Created = DateTimeOffset.UnixEpoch.AddTicks(12345) };
        Assert.Empty((await VerifyAsync(await MakeAsync(settings))).Damage);
    }

    private static void Fail(bool isFailing)
    {
        if (isFailing)
        {
            throw new StoreException("bad sector");
        }
    }

    private static byte[] FileOf(string name, RepositoryId id, byte[] plain) =>
        RecordFile.Write(new FileHeader(FileKind.Repository, id, name), plain, Compression.None);

    private static Task<VerificationReport> VerifyAsync(BackupRepository repository) =>
        ByteDamageTests.VerifyAsync(repository, new VerificationOptions());

    private static async Task OpenSessionAsync(BackupRepository repository)
    {
        await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
    }

    private RepositoryEnvironment NewEnvironment() =>
        SampleRepository.NewEnvironment() with { Warn = warnings.Add };

    private Task<BackupRepository> MakeAsync(RepositorySettings? settings = null) =>
        BackupRepository.InitializeAsync(store, settings ?? SampleRepository.Settings, NewEnvironment(), default);

    private Task<BackupRepository> OpenAsync() => BackupRepository.OpenAsync(store, NewEnvironment(), default);

    private async Task DamageAsync(BlobName name, string damage)
    {
        RepositoryId id = FileHeader.Read(store[name].AsSpan(0, FileHeader.SizeBytes)).Repository;
        RepositorySettings settings = SampleRepository.Settings;
        switch (damage)
        {
            case "missing":
                await store.DeleteAsync(name, default);
                break;
            case "unreadable":
                store.Before = call => Fail(call.Kind == StoreCallKind.Read && call.Name == name.Path);
                break;
            default:
                store[name] = damage switch
                {
                    "damaged" => [.. store[name][..^1], 0xFF],
                    "empty" => [],
                    "the second's" => store[Second],
                    "another's" => FileOf(name.Path, new RepositoryId(new byte[16]), settings.Write()),
                    _ => FileOf(name.Path, id, (settings with { OptionalFeatures = 1 }).Write()),
                };
                break;
        }
    }
}
