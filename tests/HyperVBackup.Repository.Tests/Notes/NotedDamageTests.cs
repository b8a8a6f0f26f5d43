using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Maintenance;
using HyperVBackup.Repository.Tests.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Notes;

/// <summary>What verifications make of damage that is noted already, and of notes that cannot be read.</summary>
public sealed class NotedDamageTests
{
    private readonly List<string> warnings = [];

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task Damage_that_is_known_is_told_and_stays_known_though_its_bytes_are_not_read(double percent)
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        RestorePoint apart = await deltas.BackUpAsync([2], vm: "apart");
        RestorePoint point = await deltas.BackUpAsync([6], vm: "point");
        RestorePoint third = await deltas.BackUpAsync([3], vm: "third");
        RecordPlace place = deltas.Places[SampleRepository.IdOf(1)]; // which 6 takes pages from
        sample.Damage(place, place.Pack.BlobName);
        Damage told = Assert.Single((await VerifyAsync(sample.Store, 100)).Damage);
        IReadOnlyList<DamagedPlace> noted = (await ReadAsync(sample)).Places;
        for (int run = 0; run < 3; run++)
        {
            VerificationReport report = await VerifyAsync(sample.Store, percent);
            Damage damage = Assert.Single(report.Damage);
            Assert.Equal((told.File, told.OffsetBytes), (damage.File, damage.OffsetBytes));
            Assert.Equal([point.Id], damage.Points);
            Assert.Equal(told.Disks.Single().RangeCount, damage.Disks.Single().RangeCount);
            Assert.Equal(2, report.NotedCount);
            Assert.Equal(noted, (await ReadAsync(sample)).Places);
            Assert.True((await ReadAsync(sample)).IsDoubtful(SampleRepository.IdOf(6).Value));
        }

        Assert.Single((await VerifyAsync(sample.Store, percent, point.Id)).Damage);
        Assert.Empty((await VerifyAsync(sample.Store, percent, apart.Id, third.Id)).Damage);
        Assert.Equal(noted, (await ReadAsync(sample)).Places);
        sample.Damage(place, place.Pack.BlobName); // good again
        Assert.Empty((await VerifyAsync(sample.Store, percent)).Damage);
        Assert.Empty(sample.NamesIn("damaged/"));
    }

    [Fact]
    public async Task What_is_noted_as_lost_stays_so_until_it_can_be_read_or_all_was_read_and_it_was_not_missed()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2]);
        ChunkId[] lost = [SampleRepository.IdOf(2), SampleRepository.IdOf(99)];
        await new DamageNotes(sample.Repository).AddAsync(
            [.. lost.Select(id => DamagedPlace.OfRecord(default, RecordType.Whole, id.Value))], default);
        await sample.DamageChunkAsync(2);
        Assert.Equal(2, (await VerifyAsync(sample.Store, 0)).NotedCount);
        await sample.DamageChunkAsync(2);
        Assert.Equal(1, (await VerifyAsync(sample.Store, 0)).NotedCount);
        Assert.Equal(0, (await VerifyAsync(sample.Store, 100)).NotedCount); // no point needs the other
    }

    [Fact]
    public async Task A_note_that_the_store_cannot_read_is_told_warned_about_and_never_deleted()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2, 3]);
        await sample.DamageChunkAsync(2);
        await VerifyAsync(sample.Store, 100);
        BlobName note = Assert.Single(sample.NamesIn("damaged/"));
        sample.Store.Before = call => Fail(call.Kind == StoreCallKind.Read && call.Name == note.Path);
        await sample.DamageChunkAsync(3);
        for (int run = 0; run < 7; run++) // more than are made one
        {
            Assert.Contains((await VerifyAsync(sample.Store, 100)).Damage, damage => damage.File == note.Path);
            await new DamageNotes(sample.Repository).ReviewAsync([], isWhole: true, isRead: true, [], default);
            Assert.Contains(note, sample.NamesIn("damaged/"));
        }

        warnings.Clear();
        await using (await (await OpenAsync(sample.Store)).OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            Assert.Contains(note.Path, Assert.Single(warnings), StringComparison.Ordinal);
        }

        sample.Store.Before = null;
        Assert.True((await ReadAsync(sample)).IsDoubtful(SampleRepository.IdOf(2).Value));
    }

    [Fact]
    public async Task A_note_that_is_damaged_is_told_and_warned_about_until_all_data_was_read_and_then_taken_away()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2]);
        await sample.DamageChunkAsync(2);
        await VerifyAsync(sample.Store, 100);
        BlobName note = Assert.Single(sample.NamesIn("damaged/"));
        sample.Store[note][^1] ^= 1;
        warnings.Clear();
        await using (await (await OpenAsync(sample.Store)).OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            Assert.Contains(note.Path, Assert.Single(warnings), StringComparison.Ordinal);
        }

        await sample.DamageChunkAsync(2); // good again
        for (int run = 0; run < 3; run++)
        {
            Damage told = Assert.Single((await VerifyAsync(sample.Store, run * 20)).Damage);
            Assert.Equal(note.Path, told.File);
            Assert.Contains("'repair --read-data'", told.What, StringComparison.Ordinal);
        }

        Assert.Equal(note.Path, Assert.Single((await VerifyAsync(sample.Store, 100)).Damage).File);
        Assert.Empty(sample.NamesIn("damaged/"));
        Assert.Empty((await VerifyAsync(sample.Store, 0)).Damage);
    }

    [Fact]
    public async Task A_repair_that_reads_all_data_heals_what_a_damaged_note_said_and_takes_it_away()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2]);
        await sample.DamageChunkAsync(2);
        await VerifyAsync(sample.Store, 100);
        BlobName note = Assert.Single(sample.NamesIn("damaged/"));
        sample.Store[note][^1] ^= 1;
        Assert.Equal(note.Path, Assert.Single((await sample.RepairAsync(new RepairOptions())).Left).File);
        Assert.Equal(note, Assert.Single(sample.NamesIn("damaged/")));
        RepairOptions options = new() { ReadData = true, LiveDisks = new KnownChunks(2) };
        RepairReport report = await sample.RepairAsync(options);
        Assert.Contains(report.Healed, place => place.File == note.Path);
        await sample.RequireHealedAsync(report);
        Assert.Empty(sample.NamesIn("damaged/"));
    }

    [Fact]
    public async Task Damage_that_cannot_be_noted_is_told_with_a_warning()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2]);
        await sample.DamageChunkAsync(2);
        bool isListed = true;
        sample.Store.Before = call =>
        {
            bool isNote = call.Name.StartsWith("damaged/", StringComparison.Ordinal);
            isListed &= !(isNote && call.Kind == StoreCallKind.Put);
            Fail(isNote && (call.Kind == StoreCallKind.Put || (call.Kind == StoreCallKind.List && !isListed)));
        };
        Assert.Single((await VerifyAsync(sample.Store, 100)).Damage);
        Assert.Contains("noted", Assert.Single(warnings), StringComparison.Ordinal);
        sample.Store.Before = null;
        await VerifyAsync(sample.Store, 100);
        sample.Store.Before = call => Fail(
            call.Kind == StoreCallKind.Put && call.Name.StartsWith("damaged/", StringComparison.Ordinal));
        await VerifyAsync(sample.Store, 100);
        Assert.Single(warnings); // what was found is noted already
    }

    private static void Fail(bool isFailing) =>
        _ = isFailing ? throw new StoreException("Input/output error") : 0;

    private async Task<BackupRepository> OpenAsync(MemoryStore store) => await BackupRepository.OpenAsync(
        store, SampleRepository.NewEnvironment() with { Warn = warnings.Add }, default);

    private async Task<VerificationReport> VerifyAsync(MemoryStore store, double percent, params SessionId[] points) =>
        await ByteDamageTests.VerifyAsync(
            await OpenAsync(store), new VerificationOptions { ReadDataPercent = percent, Points = points });

    private static Task<KnownDamage> ReadAsync(SampleRepository sample) =>
        KnownDamage.ReadAsync(sample.Repository, default);
}
