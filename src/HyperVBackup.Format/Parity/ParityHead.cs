using System.Buffers.Binary;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Parity;

/// <summary>The first and the last block of a parity file, which are equal: the file header and what the group is, as
/// in repo-format/parity.md.</summary>
public static class ParityHead
{
    internal const int SessionAt = FileHeader.SizeBytes;
    internal const int RowsPerStripeAt = SessionAt + SessionId.SizeBytes;
    internal const int PercentAt = RowsPerStripeAt + sizeof(uint);
    internal const int PackCountAt = PercentAt + sizeof(byte);
    internal const int ReservedAt = PackCountAt + sizeof(byte);
    internal const int PacksAt = ReservedAt + sizeof(ushort);
    internal const int PackLengthAt = sizeof(uint);
    internal const int PackSizeBytes = PackLengthAt + sizeof(uint);
    internal const int PaddingAt = PacksAt + (FormatLimits.ParityPackCountMax * PackSizeBytes);
    internal const int ChecksumAt = SizeBytes - Checksum.SizeBytes;
    public const int SizeBytes = FormatLimits.ParityBlockSizeBytes;

    public static byte[] Write(RepositoryId repository, string name, ParityGroup group)
    {
        byte[] bytes = new byte[SizeBytes];
        new FileHeader(FileKind.Parity, repository, name).WriteTo(bytes);
        group.Session.WriteTo(bytes.AsSpan(SessionAt));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(RowsPerStripeAt), group.RowsPerStripe);
        bytes[PercentAt] = (byte)group.ParityPercent;
        bytes[PackCountAt] = (byte)group.Packs.Count;
        Span<byte> entry = bytes.AsSpan(PacksAt);
        foreach (ProtectedPack pack in group.Packs)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(entry, pack.Number);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[PackLengthAt..], (uint)pack.LengthBytes);
            entry = entry[PackSizeBytes..];
        }

        Checksum.Write(bytes.AsSpan(0, ChecksumAt), bytes.AsSpan(ChecksumAt));
        return bytes;
    }

    /// <param name="bytes">At least a block; what follows it is not looked at.</param>
    /// <exception cref="CorruptDataException">Damaged, of another file, or of a group that cannot be.</exception>
    public static ParityGroup Read(ReadOnlySpan<byte> bytes, RepositoryId repository, string name)
    {
        Corrupt.Unless(bytes.Length >= SizeBytes, "parity head: length");
        bytes = bytes[..SizeBytes];
        FileHeader.Read(bytes).Expect(FileKind.Parity, repository, name);
        Corrupt.Unless(Checksum.Matches(bytes[..ChecksumAt], bytes[ChecksumAt..]), "parity head: checksum");
        int packCount = bytes[PackCountAt];
        Corrupt.Unless(packCount is > 0 and <= FormatLimits.ParityPackCountMax, "parity head: pack count");
        Corrupt.Unless(BinaryPrimitives.ReadUInt16LittleEndian(bytes[ReservedAt..]) == 0, "parity head: reserved");
        ReadOnlySpan<byte> padding = bytes[(PacksAt + (packCount * PackSizeBytes))..ChecksumAt];
        Corrupt.Unless(!padding.ContainsAnyExcept((byte)0), "parity head: padding");
        ProtectedPack[] packs = new ProtectedPack[packCount];
        for (int index = 0; index < packs.Length; index++)
        {
            ReadOnlySpan<byte> entry = bytes.Slice(PacksAt + (index * PackSizeBytes), PackSizeBytes);
            packs[index] = new ProtectedPack(
                BinaryPrimitives.ReadUInt32LittleEndian(entry),
                BinaryPrimitives.ReadUInt32LittleEndian(entry[PackLengthAt..]));
            Corrupt.Unless(packs[index].LengthBytes <= FormatLimits.PackLengthMaxBytes, "parity head: pack length");
        }

        uint rowsPerStripe = BinaryPrimitives.ReadUInt32LittleEndian(bytes[RowsPerStripeAt..]);
        Corrupt.Unless(rowsPerStripe <= FormatLimits.ParityStripeBlockCountMax, "parity head: rows per stripe");
        SessionId session = new(bytes.Slice(SessionAt, SessionId.SizeBytes));
        ParityGroup? group = ParityGroup.TryMake(session, packs, bytes[PercentAt], (int)rowsPerStripe);
        Corrupt.Unless(group is not null, "parity head: no group is like that");
        return group;
    }
}
