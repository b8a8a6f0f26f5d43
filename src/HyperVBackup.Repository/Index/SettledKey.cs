namespace HyperVBackup.Repository.Index;

/// <summary>How the leading 44 bits of a key are used in a settled table: 12 choose the region, and 32 are the tag, of
/// which the first few, together with the region, choose the group. A word of the table is tag and slot.</summary>
internal static class SettledKey
{
    public const int RegionBits = 12;
    public const int RegionCount = 1 << RegionBits;
    private const int KeyBits = 64;
    private const int TagBits = 32;

    public static int RegionOf(ulong first) => (int)(first >> (KeyBits - RegionBits));

    public static uint TagOf(ulong first) => unchecked((uint)(first >> (KeyBits - RegionBits - TagBits)));

    public static int GroupOf(ulong first, int groupBits) => (int)(first >> (KeyBits - groupBits));

    /// <summary>The group within its region.</summary>
    public static int GroupInRegion(ulong word, int groupBits) =>
        (int)((word >> TagBits) >> (TagBits + RegionBits - groupBits));

    /// <summary>About where in a group of <paramref name="count"/> sorted words a key belongs.</summary>
    public static int Guess(ulong first, int groupBits, int count) =>
        (int)(((first << groupBits) >> TagBits) * (uint)count >> TagBits);

    public static ulong Word(ulong first, uint slot) => ((ulong)TagOf(first) << TagBits) | slot;

    public static uint TagIn(ulong word) => (uint)(word >> TagBits);

    public static uint SlotIn(ulong word) => unchecked((uint)word);
}
