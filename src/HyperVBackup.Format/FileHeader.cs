using System.Buffers.Binary;
using System.Text;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format;

/// <summary>
/// The first bytes of every file, as in repo-format/file-header.md: what the file is, whose it is, and its own
/// name, so that a swapped or renamed file cannot pass for another.
/// </summary>
/// <param name="Name">The blob's name: 1 to 96 characters of printable ASCII.</param>
public readonly record struct FileHeader(FileKind Kind, RepositoryId Repository, string Name)
{
    public const ushort Version = 1;
    internal const int MagicAt = 0;
    internal const int VersionAt = MagicAt + sizeof(ulong);
    internal const int KindAt = VersionAt + sizeof(ushort);
    internal const int NameLengthAt = KindAt + sizeof(ushort);
    internal const int ReservedAt = NameLengthAt + sizeof(ushort);
    internal const int RepositoryAt = ReservedAt + sizeof(ushort);
    internal const int NameAt = RepositoryAt + RepositoryId.SizeBytes;
    internal const int ChecksumAt = NameAt + FormatLimits.FileNameLengthMax;
    public const int SizeBytes = ChecksumAt + Checksum.SizeBytes;

    private static ReadOnlySpan<byte> Magic => "HVBACKUP"u8;

    /// <param name="output">At least 144 bytes.</param>
    /// <exception cref="ArgumentException">The name is empty, too long or not printable ASCII.</exception>
    public void WriteTo(Span<byte> output)
    {
        if (!IsName(Name))
        {
            throw new ArgumentException($"'{Name}' cannot stand in a file header.");
        }

        Span<byte> bytes = output[..SizeBytes];
        bytes.Clear();
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[VersionAt..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[KindAt..], (ushort)Kind);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[NameLengthAt..], (ushort)Name.Length);
        Repository.WriteTo(bytes[RepositoryAt..]);
        Encoding.ASCII.GetBytes(Name, bytes[NameAt..]);
        Checksum.Write(bytes[..ChecksumAt], bytes[ChecksumAt..]);
    }

    /// <param name="bytes">At least 144 bytes; what follows the header is not looked at.</param>
    /// <exception cref="CorruptDataException">No header, a damaged one, or one of another version.</exception>
    public static FileHeader Read(ReadOnlySpan<byte> bytes)
    {
        Corrupt.Unless(bytes.Length >= SizeBytes, "file header: length");
        bytes = bytes[..SizeBytes];
        Corrupt.Unless(bytes.StartsWith(Magic), "file header: magic");
        Corrupt.Unless(Checksum.Matches(bytes[..ChecksumAt], bytes[ChecksumAt..]), "file header: checksum");
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[VersionAt..]);
        Corrupt.Unless(version == Version, $"file header: version {version} is not known to this program");
        FileKind kind = (FileKind)BinaryPrimitives.ReadUInt16LittleEndian(bytes[KindAt..]);
        Corrupt.Unless(Enum.IsDefined(kind), "file header: kind");
        Corrupt.Unless(BinaryPrimitives.ReadUInt16LittleEndian(bytes[ReservedAt..]) == 0, "file header: reserved");
        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes[NameLengthAt..]);
        Corrupt.Unless(nameLength is > 0 and <= FormatLimits.FileNameLengthMax, "file header: name length");
        ReadOnlySpan<byte> nameField = bytes[NameAt..ChecksumAt];
        Corrupt.Unless(!nameField[nameLength..].ContainsAnyExcept((byte)0), "file header: name padding");
        string name = Encoding.Latin1.GetString(nameField[..nameLength]);
        Corrupt.Unless(IsName(name), "file header: name");
        RepositoryId repository = new(bytes.Slice(RepositoryAt, RepositoryId.SizeBytes));
        return new FileHeader(kind, repository, name);
    }

    /// <summary>Refuses a sound header that belongs to another file.</summary>
    /// <exception cref="CorruptDataException">Names what differs, and both values.</exception>
    public void Expect(FileKind kind, RepositoryId repository, string name)
    {
        Corrupt.Unless(Kind == kind, $"file header: kind is {Kind}, expected {kind}");
        Corrupt.Unless(
            Repository == repository, $"file header: repository is {Repository}, expected {repository}");
        Corrupt.Unless(Name == name, $"file header: name is '{Name}', expected '{name}'");
    }

    private static bool IsName(string? name) =>
        name is { Length: > 0 and <= FormatLimits.FileNameLengthMax }
        && name.All(character => character is > ' ' and <= '~');
}
