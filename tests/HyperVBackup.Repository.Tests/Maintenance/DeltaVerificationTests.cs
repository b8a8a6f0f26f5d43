using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Tests.Packs;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance;

/// <summary>What verification knows of chunks that recipes put together.</summary>
public sealed class DeltaVerificationTests
{
    private const int PagesPerChunk = SampleRepository.ChunkSizeBytes / FormatLimits.PageSizeBytes;
    private static readonly VerificationOptions Structure = new();
    private static readonly VerificationOptions Data = new() { ReadDataPercent = 100 };

    [Theory]
    [InlineData("right")]
    [InlineData("unknown")]
    [InlineData("gone")]
    [InlineData("another")]
    public async Task Recipes_are_proven_from_footers_alone_wherever_their_sources_lie(string hints)
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        RestorePoint first = await deltas.BackUpAsync([1, 2, 3, 4, 5]);
        PackName other = deltas.Places[SampleRepository.IdOf(1)].Pack;
        deltas.HintOf = place => hints switch
        {
            "right" => place,
            "unknown" => default,
            "gone" => place with { Pack = place.Pack with { Number = 7 } },
            _ => place with { Pack = other },
        };
        RestorePoint second = await deltas.BackUpAsync([6, 7, 13, 4, 5], first);
        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, second.Id, [6, 7, 13, 4, 5]));
        foreach (RecordPlace place in deltas.Places.Values)
        {
            sample.Store[new BlobName(place.Pack.BlobName)][place.OffsetBytes + 90] ^= 1;
        }

        Assert.Empty((await VerifyAsync(sample, Structure)).Damage);
        Assert.Empty((await VerifyAsync(sample, Structure with { Points = [second.Id] })).Damage);
        Assert.Equal(deltas.Places.Count, (await VerifyAsync(sample, Data)).Damage.Count);
        Assert.Equal(deltas.Places.Count, (await VerifyAsync(sample, Data with { Points = [second.Id] })).Damage.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_recipe_that_makes_another_chunk_is_found_without_reading_data(bool hasOtherCopy)
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        await deltas.BackUpAsync([1, 2]);
        ChunkId id = SampleRepository.IdOf(6);
        await using DeltaPack pack = await NewPackAsync(sample, 200);
        byte[] from = SampleRepository.Chunk(2);
        RecordPlace wrong = await pack.AddAsync(
            id, DeltaPack.RecipeOf(from, (from, deltas.Places[SampleRepository.IdOf(2)])));
        await pack.PublishAsync();
        RestorePoint point =
            await sample.BackUpAsync([6], vm: "other", store: (_, _) => Task.FromResult(new[] { wrong }));
        if (hasOtherCopy)
        {
            await deltas.BackUpAsync([6], vm: "third");
        }

        foreach (VerificationOptions options in (VerificationOptions[])[Structure, Data])
        {
            Damage damage = Assert.Single((await VerifyAsync(sample, options)).Damage);
            Assert.Equal((wrong.Pack.BlobName, (long)wrong.OffsetBytes), (damage.File, damage.OffsetBytes));
            Assert.Equal(hasOtherCopy ? [] : [point.Id], damage.Points);
        }

        Assert.Equal(hasOtherCopy, await SampleRepository.ReadsRightAsync(sample.Repository, point.Id, [6]));
    }

    [Fact]
    public async Task A_recipe_that_takes_a_page_its_source_does_not_hold_is_found()
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        await deltas.BackUpAsync([1]);
        ChunkId id = SampleRepository.IdOf(1);
        await using DeltaPack pack = await NewPackAsync(sample, 200);
        RecipePage[] pages = [.. Enumerable.Range(0, PagesPerChunk).Select(page => new RecipePage(0, (ushort)page))];
        RecordPlace place = await pack.AddAsync(
            id, Recipe.Make([new RecipeSource(id.Value, deltas.Places[id])], pages));
        await pack.PublishAsync();
        Assert.Equal(place.OffsetBytes, Assert.Single((await VerifyAsync(sample, Structure)).Damage).OffsetBytes);
    }

    [Fact]
    public async Task The_recipe_in_a_record_is_held_against_the_footers()
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        await deltas.BackUpAsync([6]);
        RecordPlace place = deltas.Places[SampleRepository.IdOf(6)];
        byte[] own = DeltaSample.LastPageOf(6);
        byte[] from = SampleRepository.Chunk(1);
        Recipe other = DeltaPack.RecipeOf(SampleRepository.Chunk(6), (from, default), (own, default));
        DeltaRecord.Write(
            SampleRepository.IdOf(6), other,
            sample.Store[new BlobName(place.Pack.BlobName)].AsSpan((int)place.OffsetBytes, (int)place.LengthBytes));
        Assert.Empty((await VerifyAsync(sample, Structure)).Damage);
        Assert.Equal(place.OffsetBytes, Assert.Single((await VerifyAsync(sample, Data)).Damage).OffsetBytes);
    }

    [Fact]
    public async Task A_lost_source_costs_every_point_that_needs_it_unless_another_record_serves()
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        RestorePoint whole = await deltas.BackUpAsync([1, 2]);
        RestorePoint needing = await deltas.BackUpAsync([6, 7], vm: "second");
        RestorePoint apart = await deltas.BackUpAsync([2, 7, 12], vm: "third");
        RecordPlace place = deltas.Places[SampleRepository.IdOf(1)];
        sample.Store[new BlobName(place.Pack.BlobName)][place.OffsetBytes + 90] ^= 1;
        Damage damage = Assert.Single((await VerifyAsync(sample, Data)).Damage);
        Assert.Equal((place.Pack.BlobName, (long)place.OffsetBytes), (damage.File, damage.OffsetBytes));
        Assert.Equal([whole.Id, needing.Id], damage.Points.OrderBy(id => id == needing.Id));
        Assert.Equal(damage, Assert.Single((await VerifyAsync(sample, Data with { Points = [needing.Id] })).Damage) with
        {
            Points = damage.Points,
            Disks = damage.Disks,
        });
        Assert.Empty(Assert.Single((await VerifyAsync(sample, Data with { Points = [apart.Id] })).Damage).Points);
        await using DeltaPack pack = await NewPackAsync(sample, 200);
        await pack.AddAsync(SampleRepository.Chunk(1));
        await pack.PublishAsync();
        Assert.Empty(Assert.Single((await VerifyAsync(sample, Data)).Damage).Points);
        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, needing.Id, [6, 7]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_dangling_recipe_is_no_damage_where_a_chunk_has_a_complete_copy(bool isWhole)
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        await using DeltaPack pack = await NewPackAsync(sample, 200);
        byte[] chunk = SampleRepository.Chunk(6);
        RecordPlace dangling = await pack.AddAsync(
            SampleRepository.IdOf(6), DeltaPack.RecipeOf(chunk, (chunk, default)));
        await pack.PublishAsync();
        Assert.Empty((await VerifyAsync(sample, Data)).Damage);
        RestorePoint point = await sample.BackUpAsync([6], store: (_, _) => Task.FromResult(new[] { dangling }));
        Damage damage = Assert.Single((await VerifyAsync(sample, Structure)).Damage);
        Assert.Equal([point.Id], damage.Points);
        await (isWhole ? sample.BackUpAsync([6], vm: "other") : deltas.BackUpAsync([6], vm: "other"));
        Assert.Empty((await VerifyAsync(sample, Data)).Damage);
        Assert.Empty((await VerifyAsync(sample, Data with { Points = [point.Id] })).Damage);
    }

    [Fact]
    public async Task What_a_recipe_found_elsewhere_takes_pages_from_is_checked_for_chosen_points_too()
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        await deltas.BackUpAsync([1], vm: "first");
        await deltas.BackUpAsync([6], vm: "second");
        RecordPlace gone = deltas.Places[SampleRepository.IdOf(6)];
        gone = gone with { Pack = gone.Pack with { Number = 7 } };
        RestorePoint point = await sample.BackUpAsync([6], store: (_, _) => Task.FromResult(new[] { gone }));
        VerificationOptions chosen = Data with { Points = [point.Id] };
        Assert.Empty((await VerifyAsync(sample, chosen)).Damage);
        RecordPlace source = deltas.Places[SampleRepository.IdOf(1)];
        sample.Store[new BlobName(source.Pack.BlobName)][source.OffsetBytes + 90] ^= 1;
        IReadOnlyList<Damage> found = (await VerifyAsync(sample, chosen)).Damage;
        Assert.Equal(
            [(gone.Pack.BlobName, (long)gone.OffsetBytes), (source.Pack.BlobName, (long)source.OffsetBytes)],
            found.Select(damage => (damage.File, damage.OffsetBytes))
                .OrderBy(place => place.File != gone.Pack.BlobName));
    }

    [Fact]
    public async Task Of_thousands_of_recipes_in_a_pack_each_is_proven()
    {
        const int Count = 9000;
        (SampleRepository sample, _) = await DeltaSample.CreateAsync();
        await using DeltaPack pack = await NewPackAsync(sample, 200);
        byte[][] sources = [.. Enumerable.Range(1, 5).Select(SampleRepository.Chunk)];
        RecordPlace[] places = [.. await Task.WhenAll(sources.Select(pack.AddAsync))];
        HashSet<long> wrong = [];
        for (int number = 0; number < Count; number++)
        {
            byte[] chunk = new byte[SampleRepository.ChunkSizeBytes];
            for (int page = 0, from = number; page < PagesPerChunk; page++, from /= 5)
            {
                DeltaPack.PageOf(sources[from % 5], 1).CopyTo(DeltaPack.PageOf(chunk, page));
            }

            bool isWrong = number is 1 or 4095 or 4096 or Count - 1;
            int sourceCount = PagesPerChunk;
            var used = Enumerable.Range(0, sourceCount)
                .Select(page => (number / (int)Math.Pow(5, page)) % 5).Distinct()
                .Select(from => (sources[from], places[from])).ToArray();
            Recipe recipe = DeltaPack.RecipeOf(chunk, used);
            ChunkId id = DeltaPack.IdOf(isWrong ? SampleRepository.Chunk(100 + number) : chunk);
            RecordPlace place = await pack.AddAsync(id, recipe);
            _ = isWrong && wrong.Add(place.OffsetBytes);
        }

        await pack.PublishAsync();
        VerificationReport report = await VerifyAsync(sample, Structure);
        Assert.Equal(wrong, report.Damage.Select(damage => damage.OffsetBytes).ToHashSet());
    }

    private static Task<DeltaPack> NewPackAsync(SampleRepository sample, byte session) =>
        DeltaPack.CreateAsync(sample.Store, sample.Repository.Id, session, PagesPerChunk);

    private static async Task<VerificationReport> VerifyAsync(SampleRepository sample, VerificationOptions options) =>
        await ByteDamageTests.VerifyAsync(await SampleRepository.OpenAsync(sample.Store), options);
}
