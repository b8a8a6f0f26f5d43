namespace HyperVBackup.ProtocolModel.Tests.Model;

/// <summary>Which chunks are complete in what a set of packs holds: by their whole record, or by a recipe of theirs
/// and each data id it names, wherever those lie.</summary>
internal sealed class Copies
{
    private readonly IReadOnlyList<Recipe> recipes;
    private readonly Change change;
    private readonly byte[] complete;
    private readonly byte[] recorded;
    private readonly byte[] counted;
    private readonly byte[] named;

    internal Copies(IReadOnlyList<Recipe> recipes, Change change)
    {
        (this.recipes, this.change) = (recipes, change);
        int contentCount = Data.OfRecipe(recipes.Count);
        int[] contents = [.. Enumerable.Range(0, contentCount)];
        complete = Table(contents, CompleteIn);
        recorded = Table(contents, RecordedIn);
        counted = Table(contents, CountedIn);
        named = Table(contents, NamedIn);
    }

    internal int RecipeCount => recipes.Count;

    /// <summary>The chunks that can be read from this content.</summary>
    internal int Complete(int content) => complete[content];

    /// <summary>The chunks with any record in it, be it a dangling one.</summary>
    internal int Recorded(int content) => recorded[content];

    /// <summary>The chunks that a collector takes for complete: the same, but for changes.</summary>
    internal int Counted(int content) => counted[content];

    /// <summary>The data ids that its recipes name.</summary>
    internal int Named(int content) => named[content];

    internal int ChunkOf(int recipe) => recipes[recipe].Chunk;

    internal int IdsOf(int recipe) => recipes[recipe].Ids;

    internal string NameOf(int recipe) => recipes[recipe].ToString();

    /// <summary>C8's question: whether a chunk is complete in what is kept.</summary>
    internal bool IsCovered(int chunk, int kept, int existing) => change switch
    {
        Change.BasesInDeleteSetCounted => (kept & chunk) != 0
            || RecipesOf(chunk).Any(recipe => Covers(kept, Data.OfRecipe(recipe)) && Covers(existing, IdsOf(recipe))),
        _ => (counted[kept] & chunk) != 0,
    };

    internal IEnumerable<int> RecipesOf(int chunk) =>
        Enumerable.Range(0, recipes.Count).Where(recipe => recipes[recipe].Chunk == chunk);

    private static byte[] Table(int[] contents, Func<int, int> of) =>
        [.. contents.Select(content => (byte)of(content))];

    private static bool Covers(int set, int part) => Bits.Covers(set, part);

    private int CompleteIn(int content)
    {
        int chunks = content & Data.Chunks;
        for (int recipe = 0; recipe < recipes.Count; recipe++)
        {
            bool isComplete = Covers(content, Data.OfRecipe(recipe) | IdsOf(recipe));
            chunks |= isComplete ? ChunkOf(recipe) : 0;
        }

        return chunks;
    }

    private int RecordedIn(int content) => (content & Data.Chunks) | RecipesIn(content).Aggregate(
        0, (chunks, recipe) => chunks | ChunkOf(recipe));

    private int NamedIn(int content) => RecipesIn(content).Aggregate(0, (ids, recipe) => ids | IdsOf(recipe));

    private int CountedIn(int content) => change switch
    {
        Change.AnyRecordCounts => RecordedIn(content),
        Change.RecipesMixed => CompleteIn(content) | RecipesIn(content).Where(recipe =>
            RecipesOf(ChunkOf(recipe)).Any(other => Covers(content, IdsOf(other)))).Aggregate(
                0, (chunks, recipe) => chunks | ChunkOf(recipe)),
        Change.BaseByChunk => CompleteByChunks(content),
        _ => CompleteIn(content),
    };

    private int CompleteByChunks(int content)
    {
        int before;
        int chunks = content & Data.Chunks;
        do
        {
            before = chunks;
            foreach (int recipe in RecipesIn(content).Where(recipe => Covers(content | before, IdsOf(recipe))))
            {
                chunks |= ChunkOf(recipe);
            }
        }
        while (chunks != before);
        return chunks;
    }

    private IEnumerable<int> RecipesIn(int content) =>
        Enumerable.Range(0, recipes.Count).Where(recipe => Covers(content, Data.OfRecipe(recipe)));
}
