using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Points;

/// <summary>One disk of a restore point, as in repo-format/restore-point.md. Immutable. What the format does not
/// allow is refused when the point is written.</summary>
public sealed record DiskPoint
{
    /// <summary>What the user calls the disk; see <see cref="DiskName"/>.</summary>
    public required string Name { get; init; }

    /// <summary>What the image calls itself; empty where it has no identity.</summary>
    public string Identity { get; init; } = "";

    public required RestorePointKind Kind { get; init; }

    /// <summary>1 byte to 64 TiB.</summary>
    public required long VirtualSizeBytes { get; init; }

    public required int ChunkSizeBytes { get; init; }

    /// <summary>512 or 4096.</summary>
    public int LogicalSectorSizeBytes { get; init; } = FormatLimits.SectorSizeMinBytes;

    /// <summary>512 or 4096.</summary>
    public int PhysicalSectorSizeBytes { get; init; } = FormatLimits.SectorSizeMaxBytes;

    public required DiskRoot Root { get; init; }

    /// <summary>The top node of the disk's map; zero where every byte is zero.</summary>
    public required NodeId TopNode { get; init; }

    /// <summary>A hint where that node lies; <c>default</c> where not known.</summary>
    public RecordPlace TopPlace { get; init; }

    /// <summary>The point this one was compared with or built on; none for a full.</summary>
    public SessionId Parent { get; init; }

    /// <summary>What the change source is to be asked with next time; null where there is none.</summary>
    public string? TrackingId { get; init; }

    /// <summary>Why changes were lost; empty where they were not.</summary>
    public string LostReason { get; init; } = "";

    /// <summary>At most one of each kind, in the order of kinds; no configuration files.</summary>
    public IReadOnlyList<ListReference> Lists { get; init; } = [];

    public DiskStatistics Statistics { get; init; }

    /// <summary>How far the disk's change source is believed and was checked.</summary>
    public DiskAudit Audit { get; init; } = DiskAudit.Whole;

    /// <summary>True when <see cref="Root"/> follows from sizes and top node.</summary>
    public bool IsRootOf(ContentHasher hasher) => hasher.RootOf(ChunkSizeBytes, VirtualSizeBytes, TopNode) == Root;

    internal void WriteTo(BodyWriter body)
    {
        if (FindFault() is string fault)
        {
            throw new ArgumentException($"Disk '{Name}' of a restore point: {fault}.");
        }

        body.Text(Name, FormatLimits.TextLengthMaxBytes);
        body.Text(Identity, FormatLimits.TextLengthMaxBytes);
        body.Byte((byte)Kind);
        body.Count(VirtualSizeBytes);
        body.UInt32(ChunkSizeBytes);
        body.UInt32(LogicalSectorSizeBytes);
        body.UInt32(PhysicalSectorSizeBytes);
        body.Digest(Root.Value);
        body.Digest(TopNode.Value);
        StoredPlace.Write(TopPlace, PackKind.Maps, body.Reserve(StoredPlace.SizeBytes));
        body.Session(Parent);
        body.Byte(TrackingId is null ? (byte)0 : (byte)1);
        if (TrackingId is not null)
        {
            body.Text(TrackingId, FormatLimits.TextLengthMaxBytes);
        }

        body.Text(LostReason, FormatLimits.TextLengthMaxBytes);
        body.Byte((byte)Lists.Count);
        foreach (ListReference list in Lists)
        {
            list.WriteTo(body);
        }

        Statistics.WriteTo(body);
        Audit.WriteTo(body);
    }

    internal static DiskPoint Read(ref BodyReader body)
    {
        // An initializer runs in the order it is written, which is the order of the fields.
        DiskPoint disk = new()
        {
            Name = body.Text("disk name", FormatLimits.TextLengthMaxBytes),
            Identity = body.Text("disk identity", FormatLimits.TextLengthMaxBytes),
            Kind = (RestorePointKind)body.Byte("disk kind"),
            VirtualSizeBytes = body.Count("virtual size", FormatLimits.VirtualSizeMaxBytes),
            ChunkSizeBytes = ReadSmall(ref body, "chunk size"),
            LogicalSectorSizeBytes = ReadSmall(ref body, "logical sector size"),
            PhysicalSectorSizeBytes = ReadSmall(ref body, "physical sector size"),
            Root = new DiskRoot(body.Digest("root")),
            TopNode = new NodeId(body.Digest("top node")),
            TopPlace = StoredPlace.Read(body.Bytes(StoredPlace.SizeBytes, "top place"), PackKind.Maps),
            Parent = body.Session("parent"),
            TrackingId = ReadTrackingId(ref body),
            LostReason = body.Text("lost reason", FormatLimits.TextLengthMaxBytes),
            Lists = ReadLists(ref body),
            Statistics = DiskStatistics.Read(ref body),
            Audit = DiskAudit.Read(ref body),
        };
        string? fault = disk.FindFault();
        body.Require(fault is null, fault ?? "");
        return disk;
    }

    private static int ReadSmall(ref BodyReader body, string field)
    {
        uint value = body.UInt32(field);
        body.Require(value <= FormatLimits.ChunkSizeMaxBytes, field);
        return (int)value;
    }

    private static string? ReadTrackingId(ref BodyReader body)
    {
        byte has = body.Byte("has tracking id");
        body.Require(has <= 1, "has tracking id");
        return has == 0 ? null : body.Text("tracking id", FormatLimits.TextLengthMaxBytes);
    }

    private static ListReference[] ReadLists(ref BodyReader body)
    {
        int count = body.Byte("list count");
        body.Require(count <= FormatLimits.DiskListCountMax, "list count");
        ListReference[] lists = new ListReference[count];
        for (int index = 0; index < count; index++)
        {
            lists[index] = ListReference.Read(ref body);
        }

        return lists;
    }

    /// <summary>The first rule the disk breaks, or null; the same rules hold for writing and reading.</summary>
    private string? FindFault() => this switch
    {
        _ when !DiskName.IsValid(Name) => "disk name",
        _ when !Enum.IsDefined(Kind) => "disk kind",
        _ when VirtualSizeBytes is <= 0 or > FormatLimits.VirtualSizeMaxBytes => "virtual size",
        _ when !FormatLimits.IsChunkSize(ChunkSizeBytes) => "chunk size",
        _ when !IsSectorSize(LogicalSectorSizeBytes) => "logical sector size",
        _ when !IsSectorSize(PhysicalSectorSizeBytes) => "physical sector size",
        _ when Root.IsZero => "root",
        _ when TopNode.IsZero && !TopPlace.IsUnknown => "a zero top node lies nowhere",
        _ when Kind == RestorePointKind.Full && !Parent.IsNone => "a full disk has no parent",
        _ when TrackingId is "" => "tracking id is empty",
        _ when !AreListsInOrder() => "lists",
        _ => Audit.FindFault(VirtualSizeBytes),
    };

    private bool AreListsInOrder()
    {
        ListKind previous = default;
        foreach (ListReference list in Lists)
        {
            if (list.Kind <= previous || !ListHeader.IsSegmented(list.Kind))
            {
                return false;
            }

            previous = list.Kind;
        }

        return true;
    }

    private static bool IsSectorSize(int sizeBytes) =>
        sizeBytes is FormatLimits.SectorSizeMinBytes or FormatLimits.SectorSizeMaxBytes;
}
