using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Which packs go together: those of a parity group, all or none, and the parity file with them. A group that
/// lost a pack to an earlier collection binds nobody, and its parity file is garbage; one that lost a pack otherwise is
/// needed to heal it. A parity file of which both heads rotted says nothing to anybody: it is garbage too, unless it
/// may only be the store that does not give them. Immutable.</summary>
internal sealed class ParityGroups
{
    private readonly List<(PackName File, List<PackName> Packs)> groups = [];

    private ParityGroups()
    {
    }

    /// <summary>No packs are bound.</summary>
    public static ParityGroups None { get; } = new();

    /// <summary>Parity files that nobody can use any more.</summary>
    public List<PackName> Garbage { get; } = [];

    /// <param name="packs">All that exist.</param>
    public static async Task<ParityGroups> ReadAsync(
        CollectionStore store, IReadOnlySet<PackName> packs, CancellationToken token)
    {
        ParityGroups found = new();
        foreach (ParityFile file in await new ParityFiles(store.Store, store.Repository).OpenAllAsync(
            (name, complaint) =>
                found.Garbage.AddRange(complaint.InnerException is StoreException ? [] : [name]),
            token))
        {
            HashSet<PackName> missing = [.. file.Group.PackNames().Where(pack => !packs.Contains(pack))];
            if ((await store.Collections.FindCollectedAsync(missing, token)).Count > 0)
            {
                found.Garbage.Add(file.Name);
            }
            else
            {
                found.groups.Add((file.Name, [.. file.Group.PackNames().Where(packs.Contains)]));
            }
        }

        return found;
    }

    /// <summary>Those of <paramref name="going"/> that take no part of a group without the rest.</summary>
    public HashSet<PackName> WholeOnly(IEnumerable<PackName> going)
    {
        HashSet<PackName> kept = [.. going];
        for (int before = -1; before != kept.Count;)
        {
            before = kept.Count;
            foreach ((_, List<PackName> packs) in groups.Where(group => !group.Packs.TrueForAll(kept.Contains)))
            {
                kept.ExceptWith(packs);
            }
        }

        return kept;
    }

    /// <summary>The parity files that go with packs.</summary>
    public IEnumerable<PackName> FilesOf(IReadOnlySet<PackName> going) =>
        groups.Where(group => group.Packs.Count > 0 && group.Packs.TrueForAll(going.Contains))
            .Select(group => group.File);

    /// <summary>Numbers of packs, those that go together side by side.</summary>
    public List<List<int>> UnitsOf(PackSet packs)
    {
        int[] unitOf = [.. Enumerable.Range(0, packs.Count)];
        foreach ((_, List<PackName> group) in groups)
        {
            int[] numbers = [.. group.Select(packs.NumberOf).Where(number => number >= 0)];
            foreach (int number in numbers)
            {
                unitOf[RootOf(unitOf, number)] = RootOf(unitOf, numbers[0]);
            }
        }

        return [.. Enumerable.Range(0, packs.Count)
            .GroupBy(number => RootOf(unitOf, number))
            .Select(unit => unit.ToList())];
    }

    private static int RootOf(int[] unitOf, int number)
    {
        while (unitOf[number] != number)
        {
            number = unitOf[number];
        }

        return number;
    }
}
