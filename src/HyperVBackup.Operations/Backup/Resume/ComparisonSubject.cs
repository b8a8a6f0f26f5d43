using System.Security.Cryptography;
using System.Text;
using HyperVBackup.Format;

namespace HyperVBackup.Operations.Backup.Resume;

/// <summary>What a comparison is of: all that must be the same for an interrupted one to be gone on with.</summary>
/// <param name="Vm">The VM's identity.</param>
/// <param name="Disk">The disk's name.</param>
/// <param name="Identity">The disk's identity; empty where it has none.</param>
/// <param name="Parent">The point compared with; <c>default</c> for a full.</param>
/// <param name="ParentRoot">The root of the disk in it.</param>
/// <param name="Stamp">Names the state that is read.</param>
internal sealed record ComparisonSubject(
    RepositoryId Repository, string Vm, string Disk, string Identity, long VirtualSizeBytes, int ChunkSizeBytes,
    SessionId Parent, DiskRoot ParentRoot, string Stamp)
{
    public const int DigestBytes = SHA256.HashSizeInBytes;

    public long ChunkCount => AllocatedChunks.CountOf(VirtualSizeBytes, ChunkSizeBytes);

    /// <summary>The repository's, VM's and disk's part.</summary>
    public byte[] DiskDigest() => DigestOf(
        $"{Repository}\n{Vm.ToUpperInvariant()}\n{Disk.ToUpperInvariant()}\n{Identity}\n{VirtualSizeBytes}\n"
        + $"{ChunkSizeBytes}");

    /// <summary>The part of what is compared with.</summary>
    public byte[] ParentDigest() => DigestOf($"{Parent}\n{ParentRoot}");

    /// <summary>The part of the state that is read.</summary>
    public byte[] StampDigest() => DigestOf(Stamp);

    /// <summary>A file for each disk of each VM.</summary>
    public static string FileNameOf(string vm, string disk) =>
        Convert.ToHexStringLower(DigestOf($"{vm.ToUpperInvariant()}\n{disk.ToUpperInvariant()}").AsSpan(0, 16));

    private static byte[] DigestOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
