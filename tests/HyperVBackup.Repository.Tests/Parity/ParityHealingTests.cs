using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Parity;

public sealed class ParityHealingTests
{
    [Fact]
    public async Task Every_set_of_damaged_blocks_of_a_small_group_heals_to_equal_bytes_or_writes_nothing()
    {
        ParitySample whole = await ParitySample.MakeAsync(chunkCount: 1, 300, packTargetBytes: 1000, percent: 60);
        ParityFile file = await whole.OpenAsync();
        BlobName pack = Assert.Single(whole.PackBlobs);
        (int dataCount, int parityCount) = (file.Group.DataColumnCount, file.Group.ParityColumnCount);
        int fileCount = whole.SectorCountOf(whole.ParityBlob);
        Assert.Equal((1, dataCount, parityCount + 4), (file.Group.RowCount, whole.SectorCountOf(pack), fileCount));
        (int healed, int refused) = (0, 0);
        for (int lost = 1; lost < 1 << (dataCount + fileCount); lost++)
        {
            ParitySample sample = whole.Copy();
            for (int block = 0; block < dataCount + fileCount; block++)
            {
                if ((lost >> block & 1) != 0)
                {
                    sample.Damage(
                        block < dataCount ? pack : sample.ParityBlob, block < dataCount ? block : block - dataCount);
                }
            }

            // In the file stand head, checksums, parity, checksums, head.
            bool[] isBad = [.. Enumerable.Range(0, fileCount).Select(block => (lost >> dataCount + block & 1) != 0)];
            int badData = Enumerable.Range(0, dataCount).Count(block => (lost >> block & 1) != 0);
            int goodParity = isBad[2..(2 + parityCount)].Count(bad => !bad);
            bool hasHead = !isBad[0] || !isBad[^1];
            bool hasChecksums = !isBad[1] || !isBad[^2];
            ParitySample before = sample.Copy();
            await sample.HealAsync();
            if (hasHead && hasChecksums && badData <= goodParity)
            {
                Assert.True(sample.IsSameAs(whole), $"{lost:b}");
                healed++;
            }
            else if (badData > goodParity || !hasHead)
            {
                Assert.True(sample.IsSameAs(before), $"{lost:b}");
                refused++;
            }
            else
            {
                Assert.True(badData > 0 || sample.Store[pack].AsSpan().SequenceEqual(whole.Store[pack]));
            }
        }

        Assert.True(healed > 90 && refused > 100, $"{healed} healed, {refused} refused");
    }

    [Fact]
    public async Task Random_damage_of_many_packs_heals_to_equal_bytes_up_to_the_parity_of_each_row()
    {
        ParitySample whole = await ParitySample.MakeAsync(chunkCount: 60, 16384, packTargetBytes: 100_000, percent: 10);
        ParityFile file = await whole.OpenAsync();
        Assert.True(file.Group.Packs.Count > 5 && file.Group.RowCount > 5);
        Random random = new(9);
        for (int turn = 0; turn < 25; turn++)
        {
            ParitySample sample = whole.Copy();
            foreach (BlobName blob in sample.PackBlobs)
            {
                DamageSome(sample, blob, 512, random);
                DamageSome(sample, blob, 4096, random);
            }

            ParityHealingReport report = await sample.HealAsync();
            Assert.True(sample.IsSameAs(whole), $"turn {turn}");
            Assert.All(report.Packs, pack => Assert.Equal(PackFate.Mendable, pack.Fate));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pack_cut_short_is_mended_and_a_missing_one_is_given_record_by_record(bool isMissing)
    {
        ParitySample whole = await ParitySample.MakeAsync(chunkCount: 30, 16384, packTargetBytes: 30_000, percent: 20);
        foreach (BlobName pack in whole.PackBlobs)
        {
            ParitySample sample = whole.Copy();
            if (isMissing)
            {
                await sample.Store.DeleteAsync(pack, TestContext.Current.CancellationToken);
            }
            else
            {
                sample.Store[pack] = sample.Store[pack][..777];
            }

            List<byte> records = [];
            ParityHealingReport report = await sample.HealAsync(async (group, given, token) =>
            {
                Assert.Equal(PackFate.Copyable, given.Fate);
                await foreach ((PackEntry entry, ReadOnlyMemory<byte> bytes) in
                    group.ReadRecordsAsync(given.Name, token))
                {
                    Assert.Equal(entry.LengthBytes, (uint)bytes.Length);
                    records.AddRange(bytes.Span);
                }
            }, damaged: ParitySample.NameOf(pack));

            Assert.Equal(ParitySample.NameOf(pack), Assert.Single(report.Packs).Name);
            Assert.Equal(isMissing, !sample.Store.Names.Contains(pack));
            Assert.Equal(!isMissing, sample.IsSameAs(whole));
            Assert.Equal(
                isMissing ? whole.Store[pack].AsSpan(144, records.Count).ToArray() : [], records);
            Assert.Equal(isMissing, records.Count > 30_000 / 2);
        }
    }

    [Fact]
    public async Task A_pack_that_grew_is_given_to_be_copied_and_left_as_it_is()
    {
        ParitySample sample = await ParitySample.MakeAsync(chunkCount: 4, 16384, packTargetBytes: 30_000, percent: 20);
        BlobName pack = sample.PackBlobs[0];
        sample.Store[pack] = [.. sample.Store[pack], 0];
        ParityHealingReport report = await sample.HealAsync();
        Assert.Equal(PackFate.Copyable, Assert.Single(report.Packs).Fate);
        Assert.Equal(0, sample.Store[pack][^1]);
    }

    [Fact]
    public async Task One_block_beyond_the_parity_says_so_and_writes_nothing()
    {
        ParitySample sample = await ParitySample.MakeAsync(chunkCount: 4, 16384, packTargetBytes: 30_000, percent: 4);
        ParityFile file = await sample.OpenAsync();
        BlobName pack = sample.PackBlobs[0];
        for (int column = 0; column <= file.Group.ParityColumnCount; column++)
        {
            sample.Damage(pack, column * file.Group.RowCount);
        }

        ParitySample before = sample.Copy();
        int asked = 0;
        sample.Store.Before = call => Assert.NotEqual(StoreCallKind.Mend, call.Kind);
        ParityHealingReport report = await sample.HealAsync((_, _, _) => Task.FromResult(asked++));
        sample.Store.Before = null;
        HealedPack lost = Assert.Single(report.Packs);
        Assert.Equal(PackFate.Lost, lost.Fate);
        Assert.Contains("more than parity makes good", lost.Complaint, StringComparison.Ordinal);
        Assert.Equal((1, true), (asked, sample.IsSameAs(before)));
        sample.Damage(pack, 0);
        await sample.HealAsync();
        Assert.Single((await sample.HealAsync(damaged: ParitySample.NameOf(pack))).Packs.DefaultIfEmpty());
        Assert.Empty((await sample.HealAsync()).Packs);
    }

    [Fact]
    public async Task Any_byte_of_a_parity_file_may_be_bad_and_the_group_and_the_file_heal()
    {
        ParitySample whole = await ParitySample.MakeAsync(chunkCount: 3, 2000, packTargetBytes: 4000, percent: 40);
        BlobName pack = whole.PackBlobs[0];
        for (int at = 0; at < whole.Store[whole.ParityBlob].Length; at++)
        {
            ParitySample sample = whole.Copy();
            sample.Store[sample.ParityBlob][at] ^= 0x10;
            sample.Damage(pack, 1);
            ParityHealingReport report = await sample.HealAsync();
            Assert.True(sample.IsSameAs(whole), $"byte {at}");
            Assert.Equal([ParitySample.NameOf(whole.ParityBlob)], report.ParityMended);
        }
    }

    [Fact]
    public async Task A_dry_run_says_the_same_and_writes_nothing()
    {
        ParitySample sample = await ParitySample.MakeAsync(chunkCount: 4, 16384, packTargetBytes: 30_000, percent: 10);
        sample.Damage(sample.PackBlobs[1], 3);
        sample.Damage(sample.ParityBlob, 0);
        ParitySample before = sample.Copy();
        ParityHealingReport told = await sample.HealAsync(isDryRun: true);
        Assert.True(sample.IsSameAs(before));
        ParityHealingReport done = await sample.HealAsync();
        Assert.Equal(done.Packs, told.Packs);
        Assert.Equal(done.ParityMended, told.ParityMended);
    }

    [Fact]
    public async Task Mending_writes_nothing_that_was_read_again_from_the_store()
    {
        ParitySample whole = await ParitySample.MakeAsync(chunkCount: 4, 16384, packTargetBytes: 30_000, percent: 20);
        (ParitySample sample, GroupHealing group, BlobName pack) = await ComputeAsync(whole);
        const int Between = (4 * ParitySample.SectorBytes) + 1;
        sample.Store[pack][Between] ^= 1; // as a read that goes wrong once shows it
        bool isWrong = true;
        sample.Store.Before = call =>
        {
            sample.Store[pack][Between] ^= (byte)(isWrong && call.Kind == StoreCallKind.Mend ? 1 : 0);
            isWrong &= call.Kind != StoreCallKind.Mend;
        };
        Assert.True(await group.TryMendAsync(
            ParitySample.NameOf(pack), sample.NewMending(), TestContext.Current.CancellationToken));
        Assert.False(isWrong);
        Assert.True(sample.IsSameAs(whole));
    }

    [Fact]
    public async Task A_pack_that_rots_while_it_is_mended_is_not_told_as_mended()
    {
        ParitySample whole = await ParitySample.MakeAsync(chunkCount: 4, 16384, packTargetBytes: 30_000, percent: 20);
        ParitySample sample = whole.Copy();
        BlobName pack = sample.PackBlobs[0];
        sample.Damage(pack, 3);
        sample.Store.After = call =>
        {
            _ = call.Kind == StoreCallKind.Mend ? sample.Store[pack][9 * ParitySample.SectorBytes] ^= 1 : 0;
        };
        List<HealedPack> copied = [];
        ParityHealingReport report = await sample.HealAsync((_, given, _) =>
        {
            copied.Add(given);
            return Task.CompletedTask;
        });
        Assert.Equal(PackFate.Copyable, Assert.Single(report.Packs).Fate);
        Assert.Equal(report.Packs, copied);
    }

    private static async Task<(ParitySample Sample, GroupHealing Group, BlobName Pack)> ComputeAsync(
        ParitySample whole)
    {
        ParitySample sample = whole.Copy();
        BlobName pack = sample.PackBlobs[0];
        sample.Damage(pack, 3);
        sample.Damage(pack, 5);
        GroupHealing group = new(
            sample.Store, ParitySample.Repository, ContentHasher.Plain, await sample.OpenAsync());
        await group.ComputeAsync(new HashSet<PackName>(), _ => { }, default);
        return (sample, group, pack);
    }

    private static void DamageSome(ParitySample sample, BlobName blob, int sectorBytes, Random random)
    {
        int sectorCount = sample.Store[blob].Length / sectorBytes;
        for (int sector = 0; sector < sectorCount; sector++)
        {
            if (random.Next(100) == 0)
            {
                sample.Damage(blob, sector, sectorBytes);
            }
        }
    }
}
