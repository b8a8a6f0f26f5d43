namespace HyperVBackup.Disks.Vhdx;

/// <summary>The places of the regions, checked: inside the file, on whole MiB, none over another or over the log.
/// </summary>
internal sealed record VhdxRegions(RegionEntry Bat, RegionEntry Metadata)
{
    private const string Structure = RegionTable.Structure;

    /// <summary>Reads the region table from whichever of its two copies is whole and takes the regions' places in
    /// <paramref name="map"/>.</summary>
    /// <exception cref="DiskImageException">Both copies are damaged, or a region cannot be where it is said to be.
    /// </exception>
    public static VhdxRegions Read(VhdxFile file, FileMap map)
    {
        foreach (long tableAt in (ReadOnlySpan<long>)[RegionTable.FirstAt, RegionTable.SecondAt])
        {
            if (RegionTable.TryRead(file, tableAt, out byte[] table, out uint entryCount))
            {
                return Parse(file, map, table, tableAt, entryCount);
            }
        }
        throw file.Damage(
            Structure, RegionTable.FirstAt, "and its copy have a wrong signature or checksum, so nothing can be found");
    }

    private static VhdxRegions Parse(VhdxFile file, FileMap map, byte[] table, long tableAt, uint entryCount)
    {
        if (entryCount > VhdxLimits.RegionCountMax)
        {
            throw file.Damage(Structure, tableAt, $"counts {entryCount} entries, more than can be");
        }
        Dictionary<Guid, RegionEntry> found = [];
        for (int index = 0; index < entryCount; index++)
        {
            int entryAt = RegionTable.EntriesAt + (index * RegionEntry.SizeBytes);
            RegionEntry entry = RegionEntry.Read(table.AsSpan(entryAt));
            RequirePlace(file, map, entry, tableAt + entryAt);
            if (!found.TryAdd(entry.Id, entry))
            {
                throw file.Damage("region table entry", tableAt + entryAt, $"repeats the region {entry.Id}");
            }
        }
        return new VhdxRegions(
            Require(file, found, VhdxIds.BatRegion, "block allocation table", tableAt),
            Require(file, found, VhdxIds.MetadataRegion, "metadata", tableAt));
    }

    private static void RequirePlace(VhdxFile file, FileMap map, RegionEntry entry, long entryAt)
    {
        if (entry.IsRequired && entry.Id != VhdxIds.BatRegion && entry.Id != VhdxIds.MetadataRegion)
        {
            throw file.Damage(
                "region table entry", entryAt, $"requires the region {entry.Id}, which is not known here");
        }
        if (VhdxPlace.Problem(entry.OffsetBytes, entry.LengthBytes, file.LengthBytes) is { } problem)
        {
            throw file.Damage("region table entry", entryAt, $"names a region that {problem}");
        }
        if (!map.TryTake((long)entry.OffsetBytes / VhdxLimits.MiB, entry.LengthBytes / VhdxLimits.MiB))
        {
            throw file.Damage("region table entry", entryAt, "names a region that overlaps another or the log");
        }
    }

    private static RegionEntry Require(
        VhdxFile file, Dictionary<Guid, RegionEntry> found, Guid id, string name, long tableAt) =>
        found.TryGetValue(id, out RegionEntry entry)
            ? entry
            : throw file.Damage(Structure, tableAt, $"names no {name} region");
}
