namespace HyperVBackup.ProtocolModel.Tests.Model;

/// <summary>What a pack can hold: a set with a bit for each data id (<see cref="A"/> to <see cref="Z"/>) and, from
/// <see cref="RecipesAt"/> on, a bit for each of the scenario's recipes.</summary>
/// <remarks>The chunks a, b and c have the bits of their whole records A, B and C: a whole record's data id is its
/// chunk id.</remarks>
internal static class Data
{
    internal const int A = 1;
    internal const int B = 2;
    internal const int C = 4;

    /// <summary>V, Y and Z are literals of deltas: no chunk is equal to them.</summary>
    internal const int V = 8;
    internal const int Y = 16;
    internal const int Z = 32;

    internal const int Chunks = A | B | C;
    internal const int All = 63;
    internal const int RecipesAt = 6;
    private const string Names = "ABCVYZ";

    internal static bool IsLiteral(int id) => (id & Chunks) == 0;

    internal static int OfRecipe(int recipe) => 1 << (RecipesAt + recipe);

    internal static string NamesOf(int ids) => ids == 0 ? "nothing" :
        string.Concat(Enumerable.Range(0, Names.Length).Where(id => Bits.Has(ids, id)).Select(id => Names[id]));
}
