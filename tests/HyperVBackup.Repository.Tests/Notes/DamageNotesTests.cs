using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Maintenance;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Notes;

/// <summary>Who notes damage, what is done with the notes, and when they go.</summary>
public sealed class DamageNotesTests
{
    private const int InRecord = 100;

    [Fact]
    public async Task Damage_is_noted_once_however_often_it_is_found_and_struck_out_when_it_is_gone()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2, 3]);
        Flip(sample, ChunkOf(sample, 2));
        for (int run = 0; run < 10; run++)
        {
            Assert.Equal(2, (await VerifyAsync(sample)).NotedCount); // the record, and that the chunk is lost
        }

        BlobName note = Assert.Single(sample.NamesIn("damaged/"));
        KnownDamage known = await KnownDamage.ReadAsync(sample.Repository, default);
        Assert.True(known.IsDoubtful(SampleRepository.IdOf(2).Value));
        Assert.False(known.IsDoubtful(SampleRepository.IdOf(1).Value));
        Assert.True(known.IsBad(ChunkOf(sample, 2).Pack, ChunkOf(sample, 2).OffsetBytes));
        Flip(sample, ChunkOf(sample, 3));
        Assert.Equal(4, (await VerifyAsync(sample)).NotedCount);
        Assert.NotEqual(note, Assert.Single(sample.NamesIn("damaged/")));
        Flip(sample, ChunkOf(sample, 2));
        Assert.Equal(2, (await VerifyAsync(sample)).NotedCount);
        Flip(sample, ChunkOf(sample, 3));
        Assert.Equal(0, (await VerifyAsync(sample, readDataPercent: 0)).NotedCount);
        Assert.Empty(sample.NamesIn("damaged/"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_restore_that_meets_damage_notes_it_where_it_can_write(bool canWrite)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1, 2]);
        Flip(sample, ChunkOf(sample, 2));
        sample.Store.Before = call => _ = canWrite || call.Kind is StoreCallKind.Read or StoreCallKind.List
            or StoreCallKind.GetLength ? 0 : throw new StoreException("read-only");
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        Assert.False(await SampleRepository.ReadsRightAsync(repository, point.Id, [1, 2]));
        KnownDamage known = await KnownDamage.ReadAsync(repository, default);
        Assert.Equal(canWrite, known.IsBad(ChunkOf(sample, 2).Pack, ChunkOf(sample, 2).OffsetBytes));
        Assert.Equal(canWrite ? 1 : 0, sample.NamesIn("damaged/").Count);
    }

    [Fact]
    public async Task A_wrong_hint_is_not_noted()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2]);
        RecordPlace place = ChunkOf(sample, 1);
        byte[] chunk = new byte[SampleRepository.ChunkSizeBytes];
        RecordPlace wrong = place with { OffsetBytes = place.OffsetBytes + 8 };
        await sample.Repository.Records.ReadChunkAsync(SampleRepository.IdOf(1), wrong, chunk, default);
        await sample.Repository.Records.ReadChunkAsync(
            SampleRepository.IdOf(2), ChunkOf(sample, 1), chunk, default);
        await sample.Repository.Watch.NoteAsync(sample.Repository, default);
        Assert.Empty(sample.NamesIn("damaged/"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_chunk_known_to_be_damaged_is_stored_anew_and_old_points_read_it(bool isNoted)
    {
        SampleRepository sample = await SampleRepository.CreateAsync(seed: 1); // so that no hit is read again
        RestorePoint point = await sample.BackUpAsync([1, 2]);
        Flip(sample, ChunkOf(sample, 2));
        _ = isNoted ? await VerifyAsync(sample) : null;
        int before = sample.NamesIn("packs/").Count;
        await using (WritingSession session =
            await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            Assert.Equal(isNoted, session.IsDoubtful(SampleRepository.IdOf(2)));
            Assert.False(session.IsDoubtful(SampleRepository.IdOf(1)));
        }

        await sample.BackUpAsync([1, 2], vm: "other");
        Assert.Equal(isNoted ? 1 : 0, sample.NamesIn("packs/").Count - before);
        Assert.Equal(isNoted, await SampleRepository.ReadsRightAsync(sample.Repository, point.Id, [1, 2]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_recipe_whose_source_is_known_to_be_damaged_is_no_copy(bool isNoted)
    {
        // With this seed no hit is read again.
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync(seed: 1);
        RestorePoint point = await deltas.BackUpAsync([1, 6]);
        Flip(sample, deltas.Places[SampleRepository.IdOf(1)]);
        _ = isNoted ? await VerifyAsync(sample) : null;
        await sample.BackUpAsync([6, 1], vm: "other");
        Assert.Equal(isNoted, await SampleRepository.ReadsRightAsync(sample.Repository, point.Id, [1, 6]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_collector_keeps_the_good_copy_and_not_the_one_known_to_be_damaged(bool isNoted)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1, 2, 3]);
        RecordPlace bad = ChunkOf(sample, 2);
        Flip(sample, bad);
        await VerifyAsync(sample);
        RestorePoint other = await sample.BackUpAsync([2], vm: "other");
        foreach (BlobName note in isNoted ? [] : sample.NamesIn("damaged/"))
        {
            await sample.Store.DeleteAsync(note, default);
        }

        await sample.CollectAsync(CollectSample.WithoutRepacking);
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        Assert.Equal(isNoted, await SampleRepository.ReadsRightAsync(repository, point.Id, [1, 2, 3]));
        Assert.Equal(isNoted, await SampleRepository.ReadsRightAsync(repository, other.Id, [2]));
    }

    [Fact]
    public async Task A_damaged_copy_that_is_the_only_one_stays()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1, 2, 3]);
        RecordPlace bad = ChunkOf(sample, 2);
        Flip(sample, bad);
        await VerifyAsync(sample);
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        Flip(sample, bad);
        Assert.True(await SampleRepository.ReadsRightAsync(
            await SampleRepository.OpenAsync(sample.Store), point.Id, [1, 2, 3]));
    }

    [Fact]
    public async Task A_note_that_cannot_be_read_says_nothing()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2]);
        Flip(sample, ChunkOf(sample, 2));
        await VerifyAsync(sample);
        BlobName note = Assert.Single(sample.NamesIn("damaged/"));
        for (int at = 0; at < sample.Store[note].Length; at++)
        {
            sample.Store[note][at] ^= 1;
            Assert.True((await KnownDamage.ReadAsync(sample.Repository, default)).IsEmpty);
            sample.Store[note][at] ^= 1;
        }
    }

    [Fact]
    public async Task Without_notes_knowing_that_costs_one_listing()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        int calls = 0;
        sample.Store.Before = call => calls++;
        Assert.True((await KnownDamage.ReadAsync(sample.Repository, default)).IsEmpty);
        Assert.Equal(1, calls);
    }

    private static RecordPlace ChunkOf(SampleRepository sample, int number)
    {
        foreach (PackName pack in sample.Packs(PackKind.Chunks))
        {
            PackTable table = sample.Repository.NewTables(Repository.Collections.AbsentSet.None)
                .TryGetAsync(pack, default).AsTask().GetAwaiter().GetResult()!;
            if (table.TryFind(SampleRepository.IdOf(number).Value, out PackEntry entry))
            {
                return new RecordPlace(pack, entry.OffsetBytes, entry.LengthBytes);
            }
        }

        throw new InvalidOperationException("It is not stored.");
    }

    private static void Flip(SampleRepository sample, RecordPlace place) =>
        sample.Store[new BlobName(place.Pack.BlobName)][place.OffsetBytes + InRecord] ^= 1;

    private static Task<VerificationReport> VerifyAsync(SampleRepository sample, double readDataPercent = 100) =>
        sample.Repository
            .NewVerification(new VerificationOptions { ReadDataPercent = readDataPercent, WorkerCount = 1 })
            .RunAsync(new Silence<VerificationProgress>(), default);
}
