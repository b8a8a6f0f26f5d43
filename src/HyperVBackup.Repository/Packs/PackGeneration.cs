using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// How often what is in a pack was rewritten, as its number tells: rewritten packs are numbered from their generation's
/// first number on, which is one more than that of any pack they are made of. So every collector knows which copies are
/// newer, and no two generations are rewritten in turn for ever. Nothing safe hangs on it.
/// </summary>
internal static class PackGeneration
{
    public const int Max = int.MaxValue >> NumberBits;
    private const int NumberBits = 20;

    public static int Of(PackName pack) => (int)(pack.Number >> NumberBits);

    /// <summary>The first number of the packs that are made of these.</summary>
    public static uint FirstNumberAfter(IEnumerable<PackName> sources) =>
        (uint)Math.Min(Max, sources.Select(Of).DefaultIfEmpty().Max() + 1) << NumberBits;
}
