using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Collections;

/// <summary>Takes single steps of a collector on a sample, whether they are wise or not.</summary>
internal sealed class SampleCollector(SampleRepository sample)
{
    private readonly CollectionFiles files = new(sample.Store, sample.Repository.Id);

    /// <summary>All packs of a session; map packs once.</summary>
    public PackName[] PacksOf(SessionId session) =>
    [
        .. sample.NamesIn("").Select(name => PackName.TryParse(name.Path, out PackName pack) ? pack : default)
            .Where(pack => pack.Session == session && !pack.Session.IsNone),
    ];

    public async Task MarkAsync(SessionId point) => Assert.True(
        await new PruneMarkFiles(sample.Store, sample.Repository.Id).TryPutAsync(
            point, new PruneMark { Time = DateTimeOffset.UnixEpoch, Host = "host", Why = "test" }, default));

    /// <summary>C4.</summary>
    public async Task CondemnAsync(long number, SessionId[] points, PackName[] packs) =>
        Assert.True(await files.TryPutCondemnedAsync(new CollectionSet(number, points, packs), default));

    /// <summary>C6, for one session.</summary>
    public async Task FenceAsync(SessionId session) => Assert.True(
        await new CommitName(sample.Store, sample.Repository.Id, session).TryFenceAsync(default));

    /// <summary>C8.</summary>
    public async Task DecideAsync(long number, SessionId[] points, PackName[] packs) =>
        Assert.True(await files.TryPutRetiredAsync(new CollectionSet(number, points, packs), default));

    /// <summary>C4 and C8 at once.</summary>
    public async Task RetireAsync(long number, SessionId[] points, PackName[] packs)
    {
        await CondemnAsync(number, points, packs);
        await DecideAsync(number, points, packs);
    }

    /// <summary>C9.</summary>
    public async Task ExecuteAsync(long number)
    {
        CollectionSet retired = (await files.TryReadRetiredAsync(number, default))!;
        IEnumerable<string> ofPoints = retired.Points.SelectMany(point => (string[])
        [
            FileNames.Lease(point), FileNames.RestorePoint(point), FileNames.RestorePointMirror(point),
            FileNames.PruneMark(point),
        ]);
        foreach (string name in ofPoints.Concat(retired.Packs.SelectMany(
            pack => (string[])[pack.BlobName, pack.MirrorBlobName])))
        {
            await sample.Store.DeleteAsync(new BlobName(name), default);
        }
    }
}
