using System.Runtime.InteropServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Packs;

/// <summary>Many places of records by the first bytes of their ids, 20 bytes each. What it says is a hint, as all
/// places are. Immutable.</summary>
internal sealed class PlaceTable
{
    private readonly IReadOnlyList<PackName> packs;
    private readonly ulong[] prefixes;
    private readonly Place[] places;

    private PlaceTable(IReadOnlyList<PackName> packs, ulong[] prefixes, Place[] places) =>
        (this.packs, this.prefixes, this.places) = (packs, prefixes, places);

    public static PlaceTable Empty { get; } = new([], [], []);

    /// <summary>Where records of an id, or of one that begins as it does, lie.</summary>
    public List<RecordPlace> Find(Digest id)
    {
        List<RecordPlace> found = [];
        for (int index = FirstOf(prefixes, id.Prefix); index >= 0 && index < prefixes.Length
            && prefixes[index] == id.Prefix; index++)
        {
            Place place = places[index];
            found.Add(new RecordPlace(packs[place.Pack], place.OffsetBytes, place.LengthBytes));
        }

        return found;
    }

    /// <returns>Where in an ascending array a value stands first; negative where it does not.</returns>
    private static int FirstOf(ulong[] values, ulong value)
    {
        int index = Array.BinarySearch(values, value);
        while (index > 0 && values[index - 1] == value)
        {
            index--;
        }

        return index;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Place(int Pack, uint OffsetBytes, uint LengthBytes);

    /// <summary>Takes what a table is made of, pack after pack. Not thread-safe.</summary>
    public sealed class Builder
    {
        private readonly List<PackName> packs = [];
        private readonly List<ulong> prefixes = [];
        private readonly List<Place> places = [];

        public int Count => places.Count;

        public void Add(Digest id, RecordPlace place)
        {
            if (packs.Count == 0 || packs[^1] != place.Pack)
            {
                packs.Add(place.Pack);
            }

            prefixes.Add(id.Prefix);
            places.Add(new Place(packs.Count - 1, place.OffsetBytes, place.LengthBytes));
        }

        public PlaceTable Build()
        {
            (ulong[] keys, Place[] values) = (prefixes.ToArray(), places.ToArray());
            Array.Sort(keys, values);
            return new PlaceTable(packs, keys, values);
        }
    }
}
