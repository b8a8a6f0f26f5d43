using System.Buffers.Binary;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Points;

/// <summary>
/// The bytes of a cache of restore points: magic, repository id, how many collections had retired anything, then each
/// point as its id, a length and the body that its file holds, and a checksum of all that. Little-endian. Belongs to
/// one host and is no part of the repository's format: another version of it is only ignored.
/// </summary>
internal static class PointCacheFile
{
    private const int RepositoryAt = sizeof(ulong);
    private const int RetiredCountAt = RepositoryAt + RepositoryId.SizeBytes;
    private const int EntriesAt = RetiredCountAt + sizeof(ulong);
    private const int EntryHeaderBytes = SessionId.SizeBytes + sizeof(uint);
    private const int ChecksumBytes = PointCacheChecksum.SizeBytes;

    private static ReadOnlySpan<byte> Magic => "HVBPNTS1"u8;

    public static byte[] Encode(RepositoryId repository, long retiredCount, IEnumerable<RestorePoint> points)
    {
        using MemoryStream output = new();
        Span<byte> header = stackalloc byte[EntriesAt];
        Magic.CopyTo(header);
        repository.WriteTo(header[RepositoryAt..]);
        BinaryPrimitives.WriteInt64LittleEndian(header[RetiredCountAt..], retiredCount);
        output.Write(header);
        Span<byte> entry = stackalloc byte[EntryHeaderBytes];
        foreach (RestorePoint point in points)
        {
            byte[] body = point.Write();
            point.Id.WriteTo(entry);
            BinaryPrimitives.WriteInt32LittleEndian(entry[SessionId.SizeBytes..], body.Length);
            output.Write(entry);
            output.Write(body);
        }

        Span<byte> checksum = stackalloc byte[ChecksumBytes];
        PointCacheChecksum.Write(output.GetBuffer().AsSpan(0, (int)output.Length), checksum);
        output.Write(checksum);
        return output.ToArray();
    }

    /// <returns>The points by their files' names; none where it is another repository's, or from before a collection.
    /// </returns>
    /// <exception cref="CorruptDataException">It is damaged, or of another version.</exception>
    public static Dictionary<string, RestorePoint> Decode(
        ReadOnlySpan<byte> bytes, RepositoryId repository, long retiredCount)
    {
        Corrupt.Unless(bytes.Length >= EntriesAt + ChecksumBytes, "point cache: length");
        Corrupt.Unless(bytes.StartsWith(Magic), "point cache: magic");
        Span<byte> checksum = stackalloc byte[ChecksumBytes];
        PointCacheChecksum.Write(bytes[..^ChecksumBytes], checksum);
        Corrupt.Unless(checksum.SequenceEqual(bytes[^ChecksumBytes..]), "point cache: checksum");
        RepositoryId owner = new(bytes[RepositoryAt..RetiredCountAt]);
        bool isCurrent = BinaryPrimitives.ReadInt64LittleEndian(bytes[RetiredCountAt..]) == retiredCount;
        return owner == repository && isCurrent ? DecodeEntries(bytes[EntriesAt..^ChecksumBytes]) : [];
    }

    private static Dictionary<string, RestorePoint> DecodeEntries(ReadOnlySpan<byte> rest)
    {
        Dictionary<string, RestorePoint> points = new(StringComparer.Ordinal);
        while (!rest.IsEmpty)
        {
            Corrupt.Unless(rest.Length >= EntryHeaderBytes, "point cache: entry");
            SessionId id = new(rest[..SessionId.SizeBytes]);
            int lengthBytes = BinaryPrimitives.ReadInt32LittleEndian(rest[SessionId.SizeBytes..]);
            rest = rest[EntryHeaderBytes..];
            Corrupt.Unless(lengthBytes >= 0 && lengthBytes <= rest.Length, "point cache: entry length");
            points[FileNames.RestorePoint(id)] = RestorePoint.Read(id, rest[..lengthBytes]);
            rest = rest[lengthBytes..];
        }

        return points;
    }
}
