using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>The packs that a listing showed, numbered; a map pack with either copy is one. One thread at a time.
/// </summary>
internal sealed class PackSet
{
    private readonly Dictionary<PackName, int> numbers = [];
    private readonly List<PackName> names = [];

    public PackSet(IEnumerable<PackName> packs)
    {
        foreach (PackName pack in packs)
        {
            if (numbers.TryAdd(pack, names.Count))
            {
                names.Add(pack);
            }
        }

        LengthBytes = new long[names.Count];
        RecordBytes = new long[names.Count];
        IsReadable = new bool[names.Count];
    }

    public int Count => names.Count;

    /// <summary>Of one copy of each; 0 until its records are known.</summary>
    public long[] LengthBytes { get; }

    /// <summary>Of all records of each.</summary>
    public long[] RecordBytes { get; }

    /// <summary>Whether the records of each are known; of one whose footer is damaged they are not.</summary>
    public bool[] IsReadable { get; }

    public IReadOnlyList<PackName> Names => names;

    /// <summary>What a record takes in a pack with its share of the footer, for each of its bytes.</summary>
    public double FooterFactorOf(int pack) => LengthBytes[pack] / (double)Math.Max(1, RecordBytes[pack]);

    /// <summary>How often a pack stands.</summary>
    public int CopyCountOf(int pack) => names[pack].Kind == PackKind.Maps ? 2 : 1;

    /// <summary>Bytes of packs, every copy.</summary>
    public long BytesOf(IEnumerable<PackName> packs) =>
        packs.Select(NumberOf).Sum(pack => LengthBytes[pack] * CopyCountOf(pack));

    /// <summary>Negative where there is no such pack.</summary>
    public int NumberOf(PackName pack) => numbers.TryGetValue(pack, out int number) ? number : -1;
}
