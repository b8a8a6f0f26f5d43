using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>What a verification reads of packs' footers, each kind up to a size in memory. Thread-safe.</summary>
internal sealed class FooterSections(IBlobStore store, RepositoryId repository)
{
    /// <summary>Of each kind: the footers of some tens of usual packs.</summary>
    private const long KeptBytesMax = 32L << 20;

    public PackTables Tables { get; } = new(store, repository, KeptBytesMax, findsRecords: true);

    public PackSections<PackPages> Pages { get; } = new(
        store, repository, KeptBytesMax, (pack, token) => pack.ReadPagesAsync(token),
        pack => pack.Trailer.PageSectionLengthBytes);

    public PackSections<PackRecipes> Recipes { get; } = new(
        store, repository, KeptBytesMax, (pack, token) => pack.ReadRecipesAsync(token),
        pack => pack.Trailer.RecipeSectionLengthBytes);

    /// <summary>The recipe of a chunk in a pack, whatever it is worth.</summary>
    /// <returns>Null where the pack's footer gives none.</returns>
    public async ValueTask<Recipe?> TryFindRecipeAsync(
        PackName pack, ChunkId id, Func<PackEntry, bool> isWanted, CancellationToken token)
    {
        if (await Recipes.TryGetAsync(pack, token) is not ({ } table, { } recipes))
        {
            return null;
        }

        for (int index = table.FirstFrom(id.Value); index < table.Count && table[index].Id == id.Value; index++)
        {
            if (table[index].Type == RecordType.Delta && isWanted(table[index]))
            {
                return recipes[index];
            }
        }

        return null;
    }
}
