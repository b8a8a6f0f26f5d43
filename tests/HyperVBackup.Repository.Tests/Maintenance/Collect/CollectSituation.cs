using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Testing.Stores;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>A repository with all that a collector meets: points that stay and that go, recipes whose sources lie in
/// packs that could go, packs that are partly dead, small ones, and what sessions left that never ended.</summary>
internal sealed class CollectSituation
{
    private CollectSituation(SampleRepository sample) => Sample = sample;

    public SampleRepository Sample { get; }

    public List<RestorePoint> Pruned { get; } = [];

    /// <param name="seed">Gives the ids, where they must be the same each time.</param>
    public static async Task<CollectSituation> MakeAsync(int? seed = null, int parityPercent = 0)
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync(seed, parityPercent);
        CollectSituation made = new(sample);
        RestorePoint full = await sample.BackUpAsync([.. Enumerable.Range(20, 24)]);
        RestorePoint next = await sample.BackUpAsync([.. Enumerable.Range(40, 24)], full);
        RestorePoint bases = await deltas.BackUpAsync([1, 2, 3], vm: "deltas");
        await deltas.BackUpAsync([6, 7, 12], bases, vm: "deltas");
        RestorePoint gone = await sample.BackUpAsync([81, 82, 83], vm: "gone");
        await sample.BackUpAsync([40, 41, 83, 0], vm: "kept");
        foreach (RestorePoint pruned in (RestorePoint[])[full, bases, gone])
        {
            await sample.MarkAsync(pruned);
            made.Pruned.Add(pruned);
        }

        _ = next;
        return made;
    }

    /// <summary>The same, over a copy of what the store holds.</summary>
    public CollectSituation Copy()
    {
        CollectSituation copy = new(Sample.Over(Sample.Store.Copy()));
        copy.Pruned.AddRange(Pruned);
        return copy;
    }

    public CollectSituation Over(MemoryStore store)
    {
        CollectSituation copy = new(Sample.Over(store));
        copy.Pruned.AddRange(Pruned);
        return copy;
    }

    public Task RequireGoodAsync() => Sample.RequireGoodAsync([.. Pruned]);
}
