using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>The metadata region: a table of items, each named by a GUID.</summary>
internal sealed class MetadataTable
{
    public const int SizeBytes = 64 << 10;
    public const int EntriesAt = 32;

    private const string Structure = "metadata table";
    private const string EntryStructure = "metadata table entry";
    private const int CountAt = 10;

    private readonly VhdxFile file;
    private readonly RegionEntry region;
    private readonly Dictionary<Guid, MetadataEntry> items = [];

    private MetadataTable(VhdxFile file, RegionEntry region) => (this.file, this.region) = (file, region);

    private static ReadOnlySpan<byte> Signature => "metadata"u8;

    /// <summary>Where the table lies in the file.</summary>
    public long AtBytes => (long)region.OffsetBytes;

    /// <exception cref="DiskImageException">The table is damaged or requires an item not known here.</exception>
    public static MetadataTable Read(VhdxFile file, RegionEntry region)
    {
        MetadataTable table = new(file, region);
        byte[] start = file.ReadStructure(Structure, table.AtBytes, EntriesAt);
        if (!start.AsSpan().StartsWith(Signature))
        {
            throw file.Damage(Structure, table.AtBytes, "has a wrong signature");
        }
        int count = BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(CountAt));
        if (count > VhdxLimits.MetadataEntryCountMax)
        {
            throw file.Damage(Structure, table.AtBytes, $"counts {count} entries, more than can be");
        }
        long entriesAt = table.AtBytes + EntriesAt;
        byte[] entries = file.ReadStructure(Structure, entriesAt, count * MetadataEntry.SizeBytes);
        for (int at = 0; at < entries.Length; at += MetadataEntry.SizeBytes)
        {
            table.Add(MetadataEntry.Read(entries.AsSpan(at)), entriesAt + at);
        }
        return table;
    }

    public static void WriteTo(Span<byte> bytes, params ReadOnlySpan<MetadataEntry> entries)
    {
        Signature.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[CountAt..], (ushort)entries.Length);
        for (int index = 0; index < entries.Length; index++)
        {
            entries[index].WriteTo(bytes[(EntriesAt + (index * MetadataEntry.SizeBytes))..]);
        }
    }

    /// <summary>The first <paramref name="lengthBytes"/> bytes of an item that must be there.</summary>
    /// <exception cref="DiskImageException">It is missing or shorter.</exception>
    public byte[] Item(Guid id, string name, int lengthBytes, out long itemAt)
    {
        Require(id, name, lengthBytes, out itemAt);
        return file.ReadStructure(name, itemAt, lengthBytes);
    }

    /// <summary>All of an item that must be there and has <paramref name="lengthBytesMin"/> bytes at least.</summary>
    /// <exception cref="DiskImageException">It is missing or shorter.</exception>
    public byte[] WholeItem(Guid id, string name, int lengthBytesMin, out long itemAt)
    {
        int lengthBytes = Require(id, name, lengthBytesMin, out itemAt);
        return file.ReadStructure(name, itemAt, lengthBytes);
    }

    /// <returns>The item's length.</returns>
    private int Require(Guid id, string name, int lengthBytesMin, out long itemAt)
    {
        if (!items.TryGetValue(id, out MetadataEntry entry))
        {
            throw file.Damage(Structure, AtBytes, $"lacks the {name}");
        }
        itemAt = AtBytes + entry.OffsetBytes;
        return entry.LengthBytes >= lengthBytesMin
            ? (int)entry.LengthBytes
            : throw file.Damage(
                name, itemAt, $"has {entry.LengthBytes} bytes, fewer than the {lengthBytesMin} it needs");
    }

    private void Add(MetadataEntry entry, long entryAt)
    {
        if (entry.Id == VhdxIds.IncompleteFile)
        {
            throw file.Damage(EntryStructure, entryAt, "says that the image was never finished");
        }
        RequireKnown(entry, entryAt);
        RequirePlace(entry, entryAt);
        if (!entry.IsUser && !items.TryAdd(entry.Id, entry))
        {
            throw file.Damage(EntryStructure, entryAt, $"repeats the item {entry.Id}");
        }
    }

    private void RequireKnown(MetadataEntry entry, long entryAt)
    {
        bool isKnown = !entry.IsUser && (entry.Id == VhdxIds.FileParameters || entry.Id == VhdxIds.VirtualDiskSize
            || entry.Id == VhdxIds.VirtualDiskId || entry.Id == VhdxIds.LogicalSectorSize
            || entry.Id == VhdxIds.PhysicalSectorSize || entry.Id == VhdxIds.ParentLocator
            || entry.Id == VhdxIds.Geometry || entry.Id == VhdxIds.PersistentMemoryLabels);
        if (entry.IsRequired && !isKnown)
        {
            throw file.Damage(EntryStructure, entryAt, $"requires the item {entry.Id}, which is not known here");
        }
    }

    private void RequirePlace(MetadataEntry entry, long entryAt)
    {
        if (entry is { OffsetBytes: 0, LengthBytes: 0 })
        {
            return;
        }
        if (entry.LengthBytes > VhdxLimits.MetadataItemSizeBytesMax || entry.OffsetBytes < SizeBytes
            || entry.OffsetBytes > region.LengthBytes || entry.LengthBytes > region.LengthBytes - entry.OffsetBytes)
        {
            throw file.Damage(
                EntryStructure,
                entryAt,
                $"places its item outside the metadata region ({entry.LengthBytes} bytes at {entry.OffsetBytes})");
        }
        RequireApart(entry, entryAt);
    }

    private void RequireApart(MetadataEntry entry, long entryAt)
    {
        foreach (MetadataEntry other in items.Values)
        {
            if (entry.OffsetBytes < other.OffsetBytes + other.LengthBytes
                && other.OffsetBytes < entry.OffsetBytes + entry.LengthBytes)
            {
                throw file.Damage(EntryStructure, entryAt, "places its item over another");
            }
        }
    }
}
