using System.Globalization;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>The part of <see cref="VectorReader"/> for restore points, settings and leases, and their files.</summary>
internal static class PointFields
{
    public static void Add(Dictionary<string, string> fields, string structure, byte[] bytes)
    {
        switch (structure)
        {
            case Structures.RestorePoint:
                AddPoint(fields, RestorePoint.Read(Structures.PointId, bytes));
                break;
            case Structures.Settings:
                AddSettings(fields, RepositorySettings.Read(bytes));
                break;
            case Structures.Lease:
                AddLease(fields, Lease.Read(bytes));
                break;
            default:
                FileHeader header = FileHeader.Read(bytes);
                fields["file kind"] = Number((long)header.Kind);
                fields["file name"] = header.Name;
                fields["repository"] = header.Repository.ToString();
                AddPlain(fields, structure, header, PlainIn(structure, bytes, header));
                break;
        }
    }

    public static byte[] Rewrite(string structure, byte[] bytes)
    {
        if (structure is Structures.RestorePoint or Structures.Settings or Structures.Lease)
        {
            return RewritePlain(structure, Structures.PointId, bytes);
        }

        FileHeader header = FileHeader.Read(bytes);
        byte[] plain = PlainIn(structure, bytes, header);
        string plainStructure = PlainStructure(structure);
        return RecordFile.Write(header, RewritePlain(plainStructure, IdIn(header), plain), CompressionIn(bytes));
    }

    public static string Place(RecordPlace place) =>
        place.IsUnknown ? "unknown" : $"{place.Pack.BlobName} {place.OffsetBytes} {place.LengthBytes}";

    private static void AddPlain(
        Dictionary<string, string> fields, string structure, FileHeader header, byte[] plain)
    {
        switch (structure)
        {
            case Structures.RestorePointFile:
                AddPoint(fields, RestorePoint.Read(IdIn(header), plain));
                break;
            case Structures.RepositoryFile:
                AddSettings(fields, RepositorySettings.Read(plain));
                break;
            default:
                AddLease(fields, Lease.Read(plain));
                break;
        }
    }

    private static byte[] RewritePlain(string structure, SessionId id, byte[] plain) => structure switch
    {
        Structures.RestorePoint => RestorePoint.Read(id, plain).Write(),
        Structures.Settings => RepositorySettings.Read(plain).Write(),
        _ => Lease.Read(plain).Write(),
    };

    private static string PlainStructure(string structure) => structure switch
    {
        Structures.RestorePointFile => Structures.RestorePoint,
        Structures.RepositoryFile => Structures.Settings,
        _ => Structures.Lease,
    };

    private static byte[] PlainIn(string structure, byte[] bytes, FileHeader header)
    {
        FileKind kind = structure switch
        {
            Structures.RestorePointFile => FileKind.RestorePoint,
            Structures.RepositoryFile => FileKind.Repository,
            _ => FileKind.Lease,
        };
        return RecordFile.Read(bytes, kind, header.Repository, header.Name);
    }

    private static SessionId IdIn(FileHeader header)
    {
        ReadOnlySpan<char> name = header.Name.AsSpan(header.Name.LastIndexOf('/') + 1);
        return SessionId.TryParse(name, out SessionId id) ? id : default;
    }

    private static Compression CompressionIn(byte[] bytes)
    {
        Codec codec = Record.Read(bytes.AsSpan(FileHeader.SizeBytes)).Codec;
        return new Compression(codec, codec == Codec.Zstd ? 1 : 0);
    }

    private static void AddPoint(Dictionary<string, string> fields, RestorePoint point)
    {
        fields["id"] = point.Id.ToString();
        fields["sequence"] = Number(point.Sequence);
        fields["time"] = Number(point.Time.ToUnixTimeMilliseconds());
        fields["vm identity"] = point.VmIdentity;
        fields["vm name"] = point.VmName.Text;
        fields["consistency"] = Number((long)point.Consistency);
        fields["kind"] = Number((long)point.Kind);
        for (int index = 0; index < point.Disks.Count; index++)
        {
            AddDisk(fields, $"disk {index} ", point.Disks[index]);
        }

        for (int index = 0; index < point.ConfigurationFiles.Count; index++)
        {
            fields[$"configuration file {index}"] = Reference(point.ConfigurationFiles[index]);
        }

        fields["extension"] = Convert.ToHexStringLower(point.Extension.Span);
    }

    private static void AddDisk(Dictionary<string, string> fields, string prefix, DiskPoint disk)
    {
        fields[prefix + "name"] = disk.Name;
        fields[prefix + "identity"] = disk.Identity;
        fields[prefix + "kind"] = Number((long)disk.Kind);
        fields[prefix + "virtual size"] = Number(disk.VirtualSizeBytes);
        fields[prefix + "chunk size"] = Number(disk.ChunkSizeBytes);
        fields[prefix + "logical sector size"] = Number(disk.LogicalSectorSizeBytes);
        fields[prefix + "physical sector size"] = Number(disk.PhysicalSectorSizeBytes);
        fields[prefix + "root"] = disk.Root.ToString();
        fields[prefix + "top node"] = disk.TopNode.ToString();
        fields[prefix + "top place"] = Place(disk.TopPlace);
        fields[prefix + "parent"] = disk.Parent.IsNone ? "none" : disk.Parent.ToString();
        fields[prefix + "tracking id"] = disk.TrackingId is null ? "none" : $"'{disk.TrackingId}'";
        fields[prefix + "lost reason"] = disk.LostReason;
        for (int index = 0; index < disk.Lists.Count; index++)
        {
            fields[$"{prefix}list {index}"] = Reference(disk.Lists[index]);
        }

        DiskStatistics statistics = disk.Statistics;
        long[] numbers =
        [
            statistics.BytesRead, statistics.BytesAudited, statistics.BytesChanged, statistics.ChunksNew,
            statistics.BytesNew, statistics.BytesStored, statistics.ChunksInherited, statistics.ListsFolded,
            statistics.ChunksNonZero, statistics.AuditCursorBytes,
        ];
        fields[prefix + "statistics"] = string.Join(' ', numbers);
        fields[prefix + "trust"] = Number((long)disk.Audit.Trust);
        fields[prefix + "horizon"] = Number(disk.Audit.HorizonRunCount);
        fields[prefix + "dues"] =
            string.Join(' ', disk.Audit.Dues.Select(due => $"{due.PositionBytes}:{due.RunCount}"));
        fields[prefix + "open catches"] = Catches(disk.Audit.OpenCatches);
        fields[prefix + "ended catches"] = Catches(disk.Audit.EndedCatches);
    }

    private static string Catches(IReadOnlyList<SourceCatch> catches) =>
        string.Join(' ', catches.Select(one => $"{one.Point}:{one.DiskIndex}"));

    private static void AddSettings(Dictionary<string, string> fields, RepositorySettings settings)
    {
        fields["chunk size"] = Number(settings.ChunkSizeBytes);
        fields["codec"] = Number((long)settings.Compression.Codec);
        fields["level"] = Number(settings.Compression.Level);
        fields["parity percent"] = Number(settings.ParityPercent);
        fields["optional features"] = settings.OptionalFeatures.ToString(CultureInfo.InvariantCulture);
        fields["created"] = Number(settings.Created.ToUnixTimeMilliseconds());
    }

    private static void AddLease(Dictionary<string, string> fields, Lease lease)
    {
        fields["kind"] = Number((long)lease.Kind);
        fields["highest collection"] = Number(lease.HighestCollection);
        fields["started"] = Number(lease.Started.ToUnixTimeMilliseconds());
        fields["process id"] = Number(lease.ProcessId);
        fields["host"] = lease.Host;
        fields["point"] = lease.Point.IsNone ? "none" : lease.Point.ToString();
    }

    private static string Reference(ListReference list) =>
        $"{(int)list.Kind} {list.Head} {list.EntryCount} {Place(list.Place)}";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
