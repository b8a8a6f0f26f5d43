using HyperVBackup.Format.Codecs;

namespace HyperVBackup.Format.Records;

/// <summary>A file that is a header and exactly one record: settings, restore points, leases, prune marks,
/// collections and signs of life.</summary>
public static class RecordFile
{
    /// <summary>The whole file around a plain body.</summary>
    public static byte[] Write(in FileHeader header, ReadOnlySpan<byte> plain, Compression compression)
    {
        byte[] file = new byte[FileHeader.SizeBytes + PlainRecord.WrittenSizeMax(plain.Length)];
        header.WriteTo(file);
        Span<byte> record = file.AsSpan(FileHeader.SizeBytes);
        int lengthBytes = PlainRecord.Write(TypeIn(header.Kind), default, plain, compression, record);
        return file[..(FileHeader.SizeBytes + lengthBytes)];
    }

    /// <summary>The plain body of a file that must be this one of this repository.</summary>
    /// <exception cref="CorruptDataException">Damaged, of another kind, place or repository, or too long.</exception>
    public static byte[] Read(ReadOnlySpan<byte> file, FileKind kind, RepositoryId repository, string name)
    {
        FileHeader.Read(file).Expect(kind, repository, name);
        return ReadPlain(file, kind);
    }

    /// <summary>The same for the first file read of a repository, which says whose it is.</summary>
    /// <exception cref="CorruptDataException">Damaged, of another kind or place, or too long.</exception>
    public static byte[] Read(ReadOnlySpan<byte> file, FileKind kind, string name, out RepositoryId repository)
    {
        FileHeader header = FileHeader.Read(file);
        repository = header.Repository;
        header.Expect(kind, repository, name);
        return ReadPlain(file, kind);
    }

    private static byte[] ReadPlain(ReadOnlySpan<byte> file, FileKind kind)
    {
        ReadOnlySpan<byte> bytes = file[FileHeader.SizeBytes..];
        Record record = Record.Read(bytes);
        Corrupt.Unless(record.TotalLengthBytes == bytes.Length, "file: bytes after its record");
        Corrupt.Unless(record.Type == TypeIn(kind), "file: record type");
        return PlainRecord.Read(record);
    }

    private static RecordType TypeIn(FileKind kind) => kind switch
    {
        FileKind.Repository => RecordType.Settings,
        FileKind.RestorePoint => RecordType.RestorePoint,
        FileKind.Lease => RecordType.Lease,
        FileKind.PruneMark => RecordType.PruneMark,
        FileKind.Condemned or FileKind.Retired => RecordType.CollectionSet,
        FileKind.SignOfLife => RecordType.SignOfLife,
        FileKind.Pin => RecordType.Pin,
        FileKind.VerifiedNote => RecordType.VerifiedNote,
        FileKind.DamageNote => RecordType.DamageNote,
        _ => throw new ArgumentException($"A {kind} file is not one record.", nameof(kind)),
    };
}
