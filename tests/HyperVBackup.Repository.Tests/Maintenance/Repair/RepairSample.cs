using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Repair;

/// <summary>Steps that tests of repair share.</summary>
internal static class RepairSample
{
    private const int InBody = 90;

    /// <summary>Repairs as another process would.</summary>
    public static async Task<RepairReport> RepairAsync(
        this SampleRepository sample, RepairOptions? options = null, int? seed = null,
        CancellationToken token = default)
    {
        BackupRepository repository = await BackupRepository.OpenAsync(
            sample.Store, CollectSample.NewEnvironment(seed), token);
        RepairOptions given = options ?? new RepairOptions { ReadData = true };
        return await repository.NewRepair(given with { WorkerCount = 1 })
            .RunAsync(new Silence<RepairProgress>(), token);
    }

    /// <summary>Nothing is left, nothing is found by a verification of everything, a second repair has nothing to do,
    /// and all points restore.</summary>
    public static async Task RequireHealedAsync(this SampleRepository sample, RepairReport report)
    {
        Assert.Empty(report.Left);
        Assert.Empty(report.Touched);
        await sample.RequireGoodAsync();
        long packCount = sample.NamesIn("packs/").Count + sample.NamesIn("maps/").Count;
        Assert.Empty((await sample.RepairAsync()).Left);
        Assert.Equal(packCount, sample.NamesIn("packs/").Count + sample.NamesIn("maps/").Count);
        Assert.Empty(sample.NamesIn("leases/"));
    }

    /// <summary>Where the only record of a chunk, or of any other id, lies.</summary>
    public static async Task<RecordPlace> PlaceOfAsync(this SampleRepository sample, Digest id, PackKind kind)
    {
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        await foreach (RecordPlace place in repository.Records.Finder.CopiesAsync(kind, id, default))
        {
            return place;
        }

        throw new InvalidOperationException($"{id} is not stored.");
    }

    public static Task<RecordPlace> ChunkAsync(this SampleRepository sample, int number) =>
        sample.PlaceOfAsync(SampleRepository.IdOf(number).Value, PackKind.Chunks);

    /// <summary>Damages a record's body, and where asked its checksum, so that its bytes cannot be proven.</summary>
    public static void Damage(this SampleRepository sample, RecordPlace place, string copy, bool withChecksum = false)
    {
        byte[] file = sample.Store[new BlobName(copy)];
        file[place.OffsetBytes + InBody] ^= 1;
        file[place.OffsetBytes] ^= (byte)(withChecksum ? 1 : 0);
    }

    public static async Task DamageChunkAsync(this SampleRepository sample, int number, bool withChecksum = false)
    {
        RecordPlace place = await sample.ChunkAsync(number);
        sample.Damage(place, place.Pack.BlobName, withChecksum);
    }

    /// <summary>Both copies of a node or list.</summary>
    public static async Task DamageMapAsync(this SampleRepository sample, Digest id)
    {
        RecordPlace place = await sample.PlaceOfAsync(id, PackKind.Maps);
        sample.Damage(place, place.Pack.BlobName, withChecksum: true);
        sample.Damage(place, place.Pack.MirrorBlobName, withChecksum: true);
    }

    /// <summary>Stores a chunk once more, as a host does that knows of no other copy.</summary>
    public static async Task<RestorePoint> BackUpAnewAsync(this SampleRepository sample, int number)
    {
        VerificationOptions all = new() { ReadDataPercent = 100, WorkerCount = 1 };
        await sample.Repository.NewVerification(all).RunAsync(new Silence<VerificationProgress>(), default);
        return await sample.BackUpAsync([number], vm: "other");
    }

    /// <summary>Whether a point restores, as another process reads it.</summary>
    public static async Task<bool> ReadsAsync(this SampleRepository sample, SessionId point) =>
        await SampleRepository.ReadsRightAsync(
            await SampleRepository.OpenAsync(sample.Store), point, sample.Disks[point]);

    public static Dictionary<string, byte[]> Contents(this MemoryStore store) =>
        store.Names.ToDictionary(name => name.Path, name => store[name].ToArray());
}
