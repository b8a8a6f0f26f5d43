using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>What a verification found, as places that can be noted and healed.</summary>
internal static class FoundPlaces
{
    /// <param name="tables">Tell what should lie where.</param>
    public static async Task<List<DamagedPlace>> OfAsync(
        DamageLog damage, PackTables tables, CancellationToken token)
    {
        List<DamagedPlace> places =
            [.. damage.Lost.Select(one => DamagedPlace.OfRecord(default, one.Type, one.Id))];
        foreach ((string file, long offsetBytes) in damage.BadFrames)
        {
            if (TryParse(file, out PackName pack, out bool isSecond))
            {
                places.Add(DamagedPlace.OfFile(pack, isSecond, (uint)offsetBytes));
            }
        }

        foreach (IGrouping<string, (string File, long OffsetBytes)> group in
            damage.BadRecords.GroupBy(record => record.File))
        {
            if (TryParse(group.Key, out PackName pack, out bool isSecond)
                && await tables.TryGetAsync(pack, token) is PackTable table)
            {
                HashSet<long> offsets = [.. group.Select(record => record.OffsetBytes)];
                places.AddRange(Enumerable.Range(0, table.Count)
                    .Select(index => table[index])
                    .Where(entry => offsets.Contains(entry.OffsetBytes))
                    .Select(entry => DamagedPlace.OfRecord(
                        new RecordPlace(pack, entry.OffsetBytes, entry.LengthBytes), entry.Type, entry.Id, isSecond)));
            }
        }

        return DamageNote.Sort(places);
    }

    /// <summary>Of a parity file nothing is noted: nobody stores or reads by it, and each repair looks at all of them
    /// anew.</summary>
    private static bool TryParse(string file, out PackName pack, out bool isSecond)
    {
        isSecond = file.StartsWith(FileNames.MirrorFolder, StringComparison.Ordinal);
        return PackName.TryParse(file.AsSpan(isSecond ? FileNames.MirrorFolder.Length : 0), out pack)
            && pack.Kind != PackKind.Parity;
    }
}
