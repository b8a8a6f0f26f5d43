using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Explain;

/// <summary>Goes once over the footers of all packs, one in memory at a time, for records of the targets and recipes
/// that take pages from them. Used once.</summary>
internal sealed class FooterScan(IBlobStore store, RepositoryId repository, RecordTargets targets)
{
    private const int KeptRecordCountMax = 1000;
    private readonly List<StoredRecord> records = [];
    private readonly HashSet<Digest> elsewhere = [];

    /// <summary>The first records of the targets.</summary>
    public IReadOnlyList<StoredRecord> Records => records;

    /// <summary>How many targets have a record in another pack than the one explained.</summary>
    public int ElsewhereCount => elsewhere.Count;

    public int UnreadableCount { get; private set; }

    /// <param name="explained">Null where a chunk is explained, whose records are added to the targets.</param>
    public async Task RunAsync(
        IReadOnlyCollection<PackName> packs, PackName? explained, IProgress<VerificationProgress> progress,
        CancellationToken token)
    {
        int done = 0;
        foreach (PackName pack in packs)
        {
            progress.Report(new VerificationProgress("packs", done++, packs.Count, 0));
            try
            {
                if (await PackFile.TryOpenAsync(store, repository, pack, pack.BlobName, token) is { } file)
                {
                    await ScanAsync(file, explained, token);
                }
            }
            catch (Exception damage) when (damage is PackDamagedException or CorruptDataException)
            {
                UnreadableCount++;
            }
        }
    }

    private async Task ScanAsync(PackFile pack, PackName? explained, CancellationToken token)
    {
        bool hasRecipes = pack.Name.Kind == PackKind.Chunks && pack.Trailer.RecipeSectionLengthBytes > 0;
        PackRecipes? recipes = hasRecipes ? await pack.ReadRecipesAsync(token) : null;
        for (int index = 0; index < pack.Table.Count; index++)
        {
            PackEntry entry = pack.Table[index];
            Digest[] sources = entry.Type == RecordType.Delta ? SourcesOf(recipes![index]) : [];
            if (targets.Contains(entry.Id))
            {
                Add(pack.Name, entry, sources, explained);
            }

            foreach (Digest source in sources.Where(targets.Contains))
            {
                targets.AddTaker(entry.Id, source);
            }
        }
    }

    private void Add(PackName pack, PackEntry entry, Digest[] sources, PackName? explained)
    {
        if (explained is null)
        {
            targets.Add(entry.Id, entry.LengthBytes);
            if (records.Count < KeptRecordCountMax)
            {
                RecordPlace place = new(pack, entry.OffsetBytes, entry.LengthBytes);
                records.Add(new StoredRecord(place, entry.Type, sources));
            }
        }
        else if (pack != explained)
        {
            elsewhere.Add(entry.Id);
        }
    }

    private static Digest[] SourcesOf(Recipe recipe) =>
        [.. Enumerable.Range(0, recipe.SourceCount).Select(recipe.DataIdAt)];
}
