using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Rotation;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Rotation;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Clocks;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Rotation;

/// <summary>Data is read by turns: over several runs, on several hosts, stopped and killed anywhere.</summary>
public sealed class RotationTests
{
    private const int PackCount = 12;
    private readonly ManualClock clock = new();
    private readonly List<string> warnings = [];
    private bool isInData;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    public async Task Runs_on_hosts_in_turn_find_damage_anywhere_and_read_no_pack_twice(int runCount)
    {
        SampleRepository sample = await ManyPacksAsync();
        string[] packs = DamageAllPacks(sample);
        List<string> found = [];
        long recordCount = 0;
        for (int run = 0; run < runCount; run++)
        {
            VerificationReport report = await VerifyAsync(sample.Store, 100.0 / runCount);
            found.AddRange(report.Damage.Select(damage => damage.File));
            recordCount += report.Damage.Count;
            foreach (BlobName note in sample.NamesIn("damaged/"))
            {
                await sample.Store.DeleteAsync(note, default); // or the next run tells it too
            }

            Assert.Single(sample.NamesIn("verified/"));
            Assert.InRange(report.RotationShare!.Value, 0, 1);
        }

        Assert.Equal(packs, found.Order(StringComparer.Ordinal));
        Assert.Equal(PackCount, recordCount);
    }

    [Fact]
    public async Task A_run_that_is_stopped_goes_on_where_it_was_and_what_it_found_but_did_not_tell_is_found_again()
    {
        for (int stopAfter = 1; stopAfter <= PackCount; stopAfter++)
        {
            SampleRepository sample = await ManyPacksAsync();
            List<string> order = await OrderAsync(sample.Store.Copy());
            BlobName damaged = new(order[^3]);
            sample.Store[damaged][FileHeader.SizeBytes + 80] ^= 1;
            List<string> first = await StoppedAsync(sample.Store, stopAfter);
            List<string> second = DataReads(sample.Store);
            VerificationReport report = await VerifyAsync(sample.Store, 100);
            sample.Store.Before = null;
            int readCount = Math.Min(first.Count - 1, PackCount - 3); // the last one began, and damage is not passed
            Assert.Equal(order[readCount], second[0]);
            Assert.Equal(damaged.Path, Assert.Single(report.Damage).File);
        }
    }

    [Fact]
    public async Task Damage_whose_telling_is_interrupted_is_found_again()
    {
        SampleRepository sample = await ManyPacksAsync();
        BlobName damaged = new((await OrderAsync(sample.Store.Copy()))[2]);
        sample.Store[damaged][FileHeader.SizeBytes + 80] ^= 1;
        using CancellationTokenSource stop = new();
        sample.Store.Before = call =>
        {
            if (call.Kind == StoreCallKind.Put && call.Name.StartsWith("damaged/", StringComparison.Ordinal))
            {
                stop.Cancel();
                stop.Token.ThrowIfCancellationRequested();
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => VerifyAsync(sample.Store, 50, stop.Token));
        sample.Store.Before = null;
        Assert.Equal(damaged.Path, Assert.Single((await VerifyAsync(sample.Store, 50)).Damage).File);
    }

    [Fact]
    public async Task A_run_that_is_killed_loses_a_minute_at_most()
    {
        SampleRepository sample = await ManyPacksAsync();
        List<string> order = await OrderAsync(sample.Store.Copy());
        List<string> read = [];
        sample.Store.Before = call =>
        {
            if (IsData(call.Name) && isInData && !read.Contains(call.Name))
            {
                read.Add(call.Name);
                clock.Advance(TimeSpan.FromSeconds(25));
            }

            if (read.Count > 8)
            {
                throw new StoreException("killed"); // and nothing is written any more either
            }
        };
        await Record.ExceptionAsync(() => VerifyAsync(sample.Store, 100));
        sample.Store.Before = null;
        List<string> second = DataReads(sample.Store);
        await VerifyAsync(sample.Store, 100);
        Assert.Equal(6, order.IndexOf(second[0]));
    }

    [Fact]
    public async Task Statistics_say_what_was_read_when_and_what_never_was()
    {
        SampleRepository sample = await ManyPacksAsync();
        VerifiedShares shares = await SharesAsync(sample.Store);
        Assert.Equal((shares.TotalBytes, null, null), (shares.NeverBytes, shares.Oldest, shares.StructureTime));
        DateTimeOffset first = clock.GetUtcNow();
        await VerifyAsync(sample.Store, 50);
        shares = await SharesAsync(sample.Store);
        Assert.Equal(0.5, shares.RotationShare);
        Assert.InRange((double)shares.NeverBytes / shares.TotalBytes, 0.1, 0.5); // maps are read each time
        Assert.All(shares.BytesWithin, bytes => Assert.Equal(shares.TotalBytes - shares.NeverBytes, bytes));
        clock.Advance(TimeSpan.FromDays(10));
        await VerifyAsync(sample.Store, 50);
        shares = await SharesAsync(sample.Store);
        Assert.Equal((0, first), (shares.NeverBytes, shares.Oldest));
        Assert.Equal(shares.BytesWithin[0], shares.BytesWithin[1]);
        Assert.InRange(shares.BytesWithin[1], 1, shares.BytesWithin[2] - 1);
        Assert.Equal(shares.TotalBytes, shares.BytesWithin[2]);
        Assert.Equal(clock.GetUtcNow(), shares.StructureTime);
        await sample.BackUpAsync([1000, 1001, 1002]);
        Assert.InRange((await SharesAsync(sample.Store)).NeverBytes, 1, shares.TotalBytes / 4);
        clock.Advance(TimeSpan.FromDays(100));
        await VerifyAsync(sample.Store, 100);
        shares = await SharesAsync(sample.Store);
        Assert.Equal([shares.TotalBytes, shares.TotalBytes], [shares.BytesWithin[0], shares.BytesWithin[3]]);
    }

    [Fact]
    public async Task Packs_whose_points_were_collected_count_as_read_when_they_were()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([1, 2, 3, 4]);
        await sample.BackUpAsync([1, 2, 3, 5], first);
        await sample.MarkAsync(first);
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        Assert.Contains(sample.Packs(PackKind.Chunks), pack => pack.Session == first.Id);
        await VerifyAsync(sample.Store, 100);
        VerifiedShares shares = await SharesAsync(sample.Store);
        Assert.Equal((0, shares.TotalBytes), (shares.NeverBytes, shares.BytesWithin[0]));
    }

    [Fact]
    public async Task Without_data_maps_count_as_read_and_chunk_packs_do_not()
    {
        SampleRepository sample = await ManyPacksAsync();
        await VerifyAsync(sample.Store, 0);
        VerifiedShares shares = await SharesAsync(sample.Store);
        long mapBytes = sample.NamesIn("maps/").Concat(sample.NamesIn("mirror/maps/"))
            .Sum(name => (long)sample.Store[name].Length);
        Assert.Equal(mapBytes, shares.BytesWithin[0]);
        Assert.Equal(clock.GetUtcNow(), shares.StructureTime);
    }

    [Fact]
    public async Task A_damaged_note_is_told_once_and_replaced_and_named_points_leave_notes_alone()
    {
        SampleRepository sample = await ManyPacksAsync();
        await VerifyAsync(sample.Store, 50);
        BlobName note = sample.NamesIn("verified/")[0];
        VerificationOptions named = new() { Points = [sample.Disks.Keys.First()], ReadDataPercent = 100 };
        Assert.Null((await (await OpenAsync(sample.Store)).NewVerification(named)
            .RunAsync(new Silence<VerificationProgress>(), default)).RotationShare);
        Assert.Equal([note], sample.NamesIn("verified/"));
        sample.Store[note][200] ^= 1;
        Assert.Equal(note.Path, Assert.Single((await VerifyAsync(sample.Store, 0)).Damage).File);
        Assert.Empty((await VerifyAsync(sample.Store, 0)).Damage);
        Assert.Equal(0, (await SharesAsync(sample.Store)).RotationShare);
    }

    [Fact]
    public async Task A_repository_that_cannot_be_written_is_verified_and_the_loss_of_the_note_is_warned_about()
    {
        SampleRepository sample = await ManyPacksAsync();
        sample.Store.Before = call =>
        {
            if (call.Kind is StoreCallKind.Put or StoreCallKind.Create or StoreCallKind.Delete)
            {
                throw new StoreException("read only");
            }
        };
        Assert.Empty((await VerifyAsync(sample.Store, 100)).Damage);
        Assert.Empty(warnings);
        Assert.Empty((await VerifyAsync(sample.Store, 25)).Damage);
        Assert.Contains("could not be noted", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Empty((await VerifyAsync(sample.Store, 0)).Damage);
        Assert.Single(warnings);
    }

    private static bool IsData(string name) => name.StartsWith("packs/", StringComparison.Ordinal);

    private async Task<SampleRepository> ManyPacksAsync()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint? point = null;
        for (int number = 0; number < PackCount; number++)
        {
            point = await sample.BackUpAsync([1 + (2 * number), 2 + (2 * number)], point);
        }

        Assert.Equal(PackCount, sample.NamesIn("packs/").Count);
        return sample;
    }

    private static string[] DamageAllPacks(SampleRepository sample)
    {
        foreach (BlobName name in sample.NamesIn("packs/"))
        {
            sample.Store[name][FileHeader.SizeBytes + 80] ^= 1;
        }

        return [.. sample.NamesIn("packs/").Select(name => name.Path)];
    }

    /// <summary>Each host has a memory of its own, which is none.</summary>
    private async Task<BackupRepository> OpenAsync(MemoryStore store) => await BackupRepository.OpenAsync(
        store, SampleRepository.NewEnvironment() with { Clock = clock, Warn = warnings.Add }, default);

    private async Task<VerificationReport> VerifyAsync(
        MemoryStore store, double percent, CancellationToken token = default)
    {
        isInData = false;
        BackupRepository repository = await OpenAsync(store);
        VerificationOptions options = new() { ReadDataPercent = percent, WorkerCount = 1 };
        return await repository.NewVerification(options).RunAsync(
            new Told(progress => isInData = progress.Stage == "data"), token);
    }

    private async Task<VerifiedShares> SharesAsync(MemoryStore store) =>
        (await (await OpenAsync(store)).MeasureAsync(default)).Verified;

    /// <summary>The packs in the order of their positions.</summary>
    private async Task<List<string>> OrderAsync(MemoryStore store)
    {
        List<string> order = DataReads(store);
        await VerifyAsync(store, 100);
        Assert.Equal(PackCount, order.Count);
        return order;
    }

    /// <summary>Told each pack whose data is read, from now on.</summary>
    private List<string> DataReads(MemoryStore store)
    {
        List<string> read = [];
        store.Before = call =>
        {
            if (IsData(call.Name) && isInData && !read.Contains(call.Name))
            {
                read.Add(call.Name);
            }
        };
        return read;
    }

    /// <summary>Runs until the data of so many packs was begun.</summary>
    private async Task<List<string>> StoppedAsync(MemoryStore store, int packCount)
    {
        using CancellationTokenSource stop = new();
        List<string> read = DataReads(store);
        Action<StoreCall> note = store.Before!;
        store.Before = call =>
        {
            note(call);
            if (read.Count == packCount)
            {
                stop.Cancel();
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => VerifyAsync(store, 100, stop.Token));
        store.Before = null;
        return read;
    }

    private sealed class Told(Action<VerificationProgress> tell) : IProgress<VerificationProgress>
    {
        public void Report(VerificationProgress value) => tell(value);
    }
}
