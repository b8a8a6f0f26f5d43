using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Packs;

/// <summary>Bytes of a pack that are read at once, for the sake of one or more records in them.</summary>
/// <param name="Start">The first record.</param>
/// <param name="EndBytes">One past the last record.</param>
internal readonly record struct PlannedRead(RecordPlace Start, long EndBytes)
{
    private const int ReadBytesMax = 4 << 20;

    /// <summary>Reading this much more than is needed costs less than another read.</summary>
    private const int GapBytesMax = 64 << 10;

    /// <summary>What is read before a record that may be a recipe: its literal pages were stored there, if it has any.
    /// </summary>
    private const uint LeadBytesMax = 16 << 10;

    public int LengthBytes => checked((int)(EndBytes - Start.OffsetBytes));

    /// <summary>Plans the reads that get the records at some places: those that lie close to each other together.
    /// </summary>
    /// <param name="places">None of them unknown; sorted here.</param>
    /// <param name="reads">Takes the reads, in the order of packs and offsets.</param>
    public static void Plan(List<RecordPlace> places, List<PlannedRead> reads)
    {
        places.Sort(static (left, right) => Compare(left, right));
        for (int first = 0; first < places.Count;)
        {
            (int end, long endBytes) = EndOf(places, first);
            reads.Add(new PlannedRead(places[first], endBytes));
            first = end;
        }
    }

    /// <summary>What is to be read for a chunk's record: of a recipe also the pages that were stored just before it, so
    /// that they take no read of their own.</summary>
    public static RecordPlace PlaceToRead(in RecordPlace place, int pagesPerChunk)
    {
        int recipeLengthMax = DeltaRecord.LengthBytes(FormatLimits.RecipeSourceCountMax, pagesPerChunk);
        uint leadBytes = place.LengthBytes <= recipeLengthMax ? Math.Min(place.OffsetBytes, LeadBytesMax) : 0;
        return new RecordPlace(place.Pack, place.OffsetBytes - leadBytes, place.LengthBytes + leadBytes);
    }

    /// <summary>Whether the read gets all of a record.</summary>
    public bool Covers(in RecordPlace place) =>
        place.Pack == Start.Pack
        && place.OffsetBytes >= Start.OffsetBytes
        && (long)place.OffsetBytes + place.LengthBytes <= EndBytes;

    /// <summary>Orders places by pack and offset.</summary>
    public static int Compare(in RecordPlace left, in RecordPlace right)
    {
        int order = left.Pack.Session.CompareTo(right.Pack.Session);
        order = order != 0 ? order : left.Pack.Number.CompareTo(right.Pack.Number);
        return order != 0 ? order : left.OffsetBytes.CompareTo(right.OffsetBytes);
    }

    private static (int End, long EndBytes) EndOf(List<RecordPlace> places, int first)
    {
        RecordPlace start = places[first];
        long endBytes = (long)start.OffsetBytes + start.LengthBytes;
        int end = first + 1;
        while (end < places.Count
            && places[end].Pack == start.Pack
            && places[end].OffsetBytes <= endBytes + GapBytesMax
            && (long)places[end].OffsetBytes + places[end].LengthBytes - start.OffsetBytes <= ReadBytesMax)
        {
            endBytes = Math.Max(endBytes, (long)places[end].OffsetBytes + places[end].LengthBytes);
            end++;
        }

        return (end, endBytes);
    }
}
