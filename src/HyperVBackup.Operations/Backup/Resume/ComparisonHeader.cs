using System.Security.Cryptography;

namespace HyperVBackup.Operations.Backup.Resume;

/// <summary>
/// The start of a comparison's file: magic with the version, the three parts of its subject as SHA-256, and 16 bytes
/// of SHA-256 of all that. Belongs to one host and is no part of the repository's format.
/// </summary>
internal static class ComparisonHeader
{
    public const int SizeBytes = ChecksumAt + ChecksumBytes;
    public const int ChecksumBytes = 16;
    private const int DiskAt = sizeof(ulong);
    private const int ParentAt = DiskAt + ComparisonSubject.DigestBytes;
    private const int StampAt = ParentAt + ComparisonSubject.DigestBytes;
    private const int ChecksumAt = StampAt + ComparisonSubject.DigestBytes;

    private static ReadOnlySpan<byte> Magic => "HVBCMPR1"u8;

    public static byte[] Write(ComparisonSubject subject)
    {
        byte[] bytes = new byte[SizeBytes];
        Magic.CopyTo(bytes);
        subject.DiskDigest().CopyTo(bytes, DiskAt);
        subject.ParentDigest().CopyTo(bytes, ParentAt);
        subject.StampDigest().CopyTo(bytes, StampAt);
        SHA256.HashData(bytes.AsSpan(0, ChecksumAt)).AsSpan(0, ChecksumBytes).CopyTo(bytes.AsSpan(ChecksumAt));
        return bytes;
    }

    /// <returns>Why a file that begins so is none of <paramref name="subject"/>; null where it is.</returns>
    public static string? Refusal(ReadOnlySpan<byte> bytes, ComparisonSubject subject)
    {
        byte[] own = Write(subject);
        Span<byte> checksum = stackalloc byte[ComparisonSubject.DigestBytes];
        if (bytes.Length == SizeBytes)
        {
            SHA256.HashData(bytes[..ChecksumAt], checksum);
        }

        if (bytes.Length != SizeBytes || !bytes[ChecksumAt..].SequenceEqual(checksum[..ChecksumBytes]))
        {
            return "what it noted is damaged";
        }

        return !Same(bytes, own, 0, ParentAt) ? "what it noted is of another disk, size or repository"
            : !Same(bytes, own, ParentAt, StampAt) ? "it compared with another restore point"
            : !Same(bytes, own, StampAt, ChecksumAt) ? "the disk may have changed since"
            : null;
    }

    private static bool Same(ReadOnlySpan<byte> some, ReadOnlySpan<byte> other, int start, int end) =>
        some[start..end].SequenceEqual(other[start..end]);
}
