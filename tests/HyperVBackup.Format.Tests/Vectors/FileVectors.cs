using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Vectors of file headers and of files that are one record.</summary>
internal static class FileVectors
{
    public static void Add(VectorSet.Good good, VectorSet.Bad bad)
    {
        Sample sample = new(1);
        byte[] header = new byte[FileHeader.SizeBytes];
        new FileHeader(FileKind.Fence, sample.Repository(), FileNames.RestorePoint(sample.Session())).WriteTo(header);
        good.Add(Structures.FileHeader, "fence", header);
        new FileHeader(FileKind.Parity, sample.Repository(), new string('z', 96)).WriteTo(header = [.. header]);
        good.Add(Structures.FileHeader, "longest-name", header);
        AddBadHeaders(bad, header);
        AddFiles(good, bad, sample);
    }

    private static void AddBadHeaders(VectorSet.Bad bad, byte[] header)
    {
        const string Of = Structures.FileHeader;
        bad.Add(Of, "short", "file header: length", header[..^1]);
        bad.Add(Of, "magic", "file header: magic", header, FileHeader.MagicAt, 0x68, Reseal.Header);
        bad.Add(Of, "checksum", "file header: checksum", header, FileHeader.NameAt, 0x79);
        bad.Add(Of, "version", "file header: version 2", header, FileHeader.VersionAt, 2, Reseal.Header);
        bad.Add(Of, "kind-0", "file header: kind", header, FileHeader.KindAt, 0, Reseal.Header);
        bad.Add(Of, "kind-200", "file header: kind", header, FileHeader.KindAt, 200, Reseal.Header);
        bad.Add(Of, "reserved", "file header: reserved", header, FileHeader.ReservedAt, 1, Reseal.Header);
        bad.Add(Of, "no-name", "file header: name length", header, FileHeader.NameLengthAt, 0, Reseal.Header);
        bad.Add(Of, "name-too-long", "file header: name length", header, FileHeader.NameLengthAt, 97, Reseal.Header);
        bad.Add(Of, "padding", "file header: name padding", header, FileHeader.NameLengthAt, 95, Reseal.Header);
        bad.Add(Of, "name-not-ascii", "file header: name", header, FileHeader.NameAt, 0xE9, Reseal.Header);
        bad.Add(Of, "name-with-zero", "file header: name", header, FileHeader.NameAt, 0, Reseal.Header);
    }

    private static void AddFiles(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        RepositoryId repository = sample.Repository();
        FileHeader header = new(FileKind.Repository, repository, FileNames.Repository);
        good.Add(
            Structures.RepositoryFile, "raw", RecordFile.Write(header, sample.Settings().Write(), Compression.None));
        header = new FileHeader(FileKind.Lease, repository, FileNames.Lease(sample.Session()));
        good.Add(Structures.LeaseFile, "raw", RecordFile.Write(header, sample.Lease().Write(), Compression.Lz4));
        header = new FileHeader(FileKind.RestorePoint, repository, FileNames.RestorePoint(Structures.PointId));
        byte[] point = sample.Point().Write();
        good.Add(Structures.RestorePointFile, "lz4", RecordFile.Write(header, point, Compression.Lz4));
        byte[] raw = RecordFile.Write(header, point, Compression.None);
        good.Add(Structures.RestorePointFile, "raw", raw);
        AddBadFiles(bad, raw, RecordFile.Write(header with { Kind = FileKind.Lease }, point, Compression.None));
    }

    private static void AddBadFiles(VectorSet.Bad bad, byte[] raw, byte[] lease)
    {
        const string Of = Structures.RestorePointFile;
        bad.Add(Of, "longer", "file: bytes after its record", [.. raw, 0]);
        bad.Add(Of, "shorter", "record: bytes end inside it", raw[..^1]);
        bad.Add(Of, "header-only", "record: length", raw[..FileHeader.SizeBytes]);
        bad.Add(Of, "lease-header", "file header: kind is Lease, expected RestorePoint", lease);
        int typeAt = FileHeader.SizeBytes + RecordHeader.TypeAt;
        bad.Add(Of, "lease-record", "file: record type", raw, typeAt, (byte)RecordType.Lease, Reseal.RecordInFile);
    }
}
