using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Format.Points;

/// <summary>What a virtual machine's disks were at one time, as in repo-format/restore-point.md. Immutable. Equality
/// is by reference to the lists in it: compare <see cref="Write"/> for content.</summary>
public sealed record RestorePoint
{
    private const string What = "restore point";

    /// <summary>The session that made it. Not in the body: it is the file's name.</summary>
    public required SessionId Id { get; init; }

    /// <summary>From 1; the order of a machine's points is by sequence, then id.</summary>
    public required long Sequence { get; init; }

    /// <summary>For people and retention only; kept in whole milliseconds.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>A GUID or <c>name:NAME</c>; see <see cref="Points.VmName.IsIdentity"/>.</summary>
    public required string VmIdentity { get; init; }

    public required VmName VmName { get; init; }

    public Consistency Consistency { get; init; }

    /// <summary>With distinct names.</summary>
    public required IReadOnlyList<DiskPoint> Disks { get; init; }

    /// <summary>The machine's configuration, one reference a file.</summary>
    public IReadOnlyList<ListReference> ConfigurationFiles { get; init; } = [];

    /// <summary>Bytes of later versions, kept as they are; none are written now.</summary>
    public ReadOnlyMemory<byte> Extension { get; init; }

    /// <summary>The first present among its disks of recovered, incremental, synthetic, full.</summary>
    public RestorePointKind Kind
    {
        get
        {
            RestorePointKind first = RestorePointKind.Full;
            foreach (DiskPoint disk in Disks)
            {
                first = RankOf(disk.Kind) > RankOf(first) ? disk.Kind : first;
            }

            return first;
        }
    }

    /// <returns>The plain body of its record.</returns>
    /// <exception cref="ArgumentException">It breaks a rule of repo-format/restore-point.md.</exception>
    public byte[] Write()
    {
        if (FindFault() is string fault)
        {
            throw new ArgumentException($"Restore point {Id}: {fault}.");
        }

        BodyWriter body = new();
        body.Count(Sequence);
        body.Time(Time);
        body.Text(VmIdentity, FormatLimits.TextLengthMaxBytes);
        body.Text(VmName.Text, FormatLimits.TextLengthMaxBytes);
        body.Byte((byte)Consistency);
        body.Byte((byte)Kind);
        body.UInt16(Disks.Count);
        foreach (DiskPoint disk in Disks)
        {
            disk.WriteTo(body);
        }

        body.UInt16(ConfigurationFiles.Count);
        foreach (ListReference file in ConfigurationFiles)
        {
            file.WriteTo(body);
        }

        body.UInt32(Extension.Length);
        body.Bytes(Extension.Span);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            body.LengthBytes, FormatLimits.RestorePointBodyLengthMaxBytes, "length");
        return body.ToArray();
    }

    /// <param name="id">From the file's name.</param>
    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/restore-point.md.</exception>
    public static RestorePoint Read(SessionId id, ReadOnlySpan<byte> plain)
    {
        BodyReader body = new(plain, What);
        body.Require(plain.Length <= FormatLimits.RestorePointBodyLengthMaxBytes, "length");
        long sequence = body.Count("sequence");
        DateTimeOffset time = body.Time("time");
        string vmIdentity = body.Text("vm identity", FormatLimits.TextLengthMaxBytes);
        string vmName = body.Text("vm name", FormatLimits.TextLengthMaxBytes);
        body.Require(VmName.IsValid(vmName), "vm name");
        Consistency consistency = (Consistency)body.Byte("consistency");
        RestorePointKind kind = (RestorePointKind)body.Byte("kind");
        RestorePoint point = new()
        {
            Id = id,
            Sequence = sequence,
            Time = time,
            VmIdentity = vmIdentity,
            VmName = new VmName(vmName),
            Consistency = consistency,
            Disks = ReadDisks(ref body),
            ConfigurationFiles = ReadConfigurationFiles(ref body),
            Extension = ReadExtension(ref body),
        };
        body.RequireEnd();
        body.Require(point.Kind == kind, "kind is not that of its disks");
        string? fault = point.FindFault();
        body.Require(fault is null, fault ?? "");
        return point;
    }

    private static DiskPoint[] ReadDisks(ref BodyReader body)
    {
        int count = body.UInt16("disk count");
        body.Require(count <= FormatLimits.DiskCountMax, "disk count");
        DiskPoint[] disks = new DiskPoint[count];
        for (int index = 0; index < count; index++)
        {
            disks[index] = DiskPoint.Read(ref body);
        }

        return disks;
    }

    private static ListReference[] ReadConfigurationFiles(ref BodyReader body)
    {
        int count = body.UInt16("configuration file count");
        body.Require(count <= FormatLimits.ConfigurationFileCountMax, "configuration file count");
        ListReference[] files = new ListReference[count];
        for (int index = 0; index < count; index++)
        {
            files[index] = ListReference.Read(ref body);
        }

        return files;
    }

    private static byte[] ReadExtension(ref BodyReader body)
    {
        uint lengthBytes = body.UInt32("extension length");
        body.Require(lengthBytes <= FormatLimits.RestorePointExtensionLengthMaxBytes, "extension length");
        return body.Bytes((int)lengthBytes, "extension").ToArray();
    }

    /// <summary>The first rule the point breaks, or null; the same rules hold for writing and reading.</summary>
    private string? FindFault() => this switch
    {
        _ when Id.IsNone => "id",
        _ when Sequence <= 0 => "sequence",
        _ when !VmName.IsIdentity(VmIdentity) => "vm identity",
        _ when !Enum.IsDefined(Consistency) => "consistency",
        _ when Disks.Count > FormatLimits.DiskCountMax => "disk count",
        _ when HasTwoDisksOfOneName() => "two disks of one name",
        _ when ConfigurationFiles.Count > FormatLimits.ConfigurationFileCountMax => "configuration file count",
        _ when ConfigurationFiles.Count > 0
            && ConfigurationFiles.Any(file => file.Kind != ListKind.ConfigurationFile) => "configuration file kind",
        _ when Extension.Length > FormatLimits.RestorePointExtensionLengthMaxBytes => "extension length",
        _ => null,
    };

    private bool HasTwoDisksOfOneName()
    {
        for (int index = 1; index < Disks.Count; index++)
        {
            for (int before = 0; before < index; before++)
            {
                if (Disks[index].Name == Disks[before].Name)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static int RankOf(RestorePointKind kind) => kind switch
    {
        RestorePointKind.Recovered => 3,
        RestorePointKind.Incremental => 2,
        RestorePointKind.Synthetic => 1,
        _ => 0,
    };
}
