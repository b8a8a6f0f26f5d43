using System.Buffers.Binary;
using System.Text;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>Says which image a differencing one builds on, and where it was last seen.</summary>
internal sealed class ParentLocator
{
    public const string Linkage = "parent_linkage";
    public const string SecondLinkage = "parent_linkage2";
    public const string RelativePath = "relative_path";
    public const string AbsolutePath = "absolute_win32_path";
    public const string VolumePath = "volume_path";

    private const string Structure = "parent locator";
    private const int CountAt = 18;
    private const int EntriesAt = CountAt + sizeof(ushort);
    private const int ValueOffsetAt = sizeof(uint);
    private const int KeyLengthAt = ValueOffsetAt + sizeof(uint);
    private const int ValueLengthAt = KeyLengthAt + sizeof(ushort);
    private const int EntrySizeBytes = ValueLengthAt + sizeof(ushort);

    private readonly VhdxFile file;
    private readonly long atBytes;
    private readonly Dictionary<string, string> values = [];

    private ParentLocator(VhdxFile file, long atBytes) => (this.file, this.atBytes) = (file, atBytes);

    /// <exception cref="DiskImageException">The locator is missing, damaged or of a kind not known.</exception>
    public static ParentLocator Read(VhdxFile file, MetadataTable table)
    {
        byte[] bytes = table.WholeItem(VhdxIds.ParentLocator, Structure, EntriesAt, out long at);
        ParentLocator locator = new(file, at);
        if (new Guid(bytes.AsSpan(0, 16)) != VhdxIds.VhdxLocator)
        {
            throw locator.Damage("is of a kind that is not known here");
        }
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(CountAt));
        if (count > VhdxLimits.LocatorEntryCountMax || bytes.Length < EntriesAt + (count * EntrySizeBytes))
        {
            throw locator.Damage($"counts {count} entries, more than it can hold");
        }
        for (int index = 0; index < count; index++)
        {
            locator.Add(bytes, bytes.AsSpan(EntriesAt + (index * EntrySizeBytes), EntrySizeBytes));
        }
        return locator;
    }

    /// <summary>Whether an image with this id of its data is the parent.</summary>
    /// <exception cref="DiskImageException">The locator names no parent, or names it by something else than an id.
    /// </exception>
    public bool Matches(Guid dataWriteId)
    {
        Guid linkage = Id(Linkage) ?? throw Damage($"lacks the entry {Linkage}");
        return linkage == dataWriteId || Id(SecondLinkage) == dataWriteId;
    }

    /// <inheritdoc cref="ParentPath.Candidates"/>
    public IReadOnlyList<string> Candidates(string childPath)
    {
        string[] keys = [RelativePath, AbsolutePath, VolumePath];
        return ParentPath.Candidates(childPath, keys.Select(key => values.GetValueOrDefault(key, string.Empty)));
    }

    public DiskImageException Damage(string what) => file.Damage(Structure, atBytes, what);

    private Guid? Id(string key)
    {
        if (!values.TryGetValue(key, out string? text))
        {
            return null;
        }
        return Guid.TryParse(text, out Guid id) ? id : throw Damage($"gives {key} as something that is no id");
    }

    private void Add(byte[] bytes, ReadOnlySpan<byte> entry)
    {
        string key = Text(
            bytes,
            BinaryPrimitives.ReadUInt32LittleEndian(entry),
            BinaryPrimitives.ReadUInt16LittleEndian(entry[KeyLengthAt..]));
        string value = Text(
            bytes,
            BinaryPrimitives.ReadUInt32LittleEndian(entry[ValueOffsetAt..]),
            BinaryPrimitives.ReadUInt16LittleEndian(entry[ValueLengthAt..]));
        if (!values.TryAdd(key, value))
        {
            throw Damage("holds one key twice");
        }
    }

    private string Text(byte[] bytes, uint offset, ushort length) =>
        offset >= EntriesAt && offset <= bytes.Length && length <= bytes.Length - offset && length % 2 == 0
            ? Encoding.Unicode.GetString(bytes, (int)offset, length)
            : throw Damage($"places a text outside itself ({length} bytes at {offset})");
}
