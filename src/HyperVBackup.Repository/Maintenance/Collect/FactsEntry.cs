using System.Buffers.Binary;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// An entry of the file of facts, as bytes: a head, a line for each record, the ids that recipes and heads of lists
/// name, and behind them the hashed parts of nodes. A checksum covers all but the latter, which their ids prove. The
/// layout is this host's own and may change with any version.
/// </summary>
internal static class FactsEntry
{
    public const int HeadBytes = RowsLengthAt + sizeof(long);
    private const ulong Magic = 0x3130544341465648; // "HVFACT01"
    private const int ChecksumAt = 0;
    private const int MagicAt = ChecksumAt + Digest.SizeBytes;
    private const int KindAt = MagicAt + sizeof(ulong);
    private const int NumberAt = KindAt + sizeof(uint);
    private const int SessionAt = NumberAt + sizeof(uint);
    private const int PackLengthAt = SessionAt + SessionId.SizeBytes;
    private const int LineCountAt = PackLengthAt + sizeof(long);
    private const int NamesLengthAt = LineCountAt + sizeof(int);
    private const int RowsLengthAt = NamesLengthAt + sizeof(int);

    private const int OffsetAt = Digest.SizeBytes;
    private const int LengthAt = OffsetAt + sizeof(uint);
    private const int NamedLengthAt = LengthAt + sizeof(uint);
    private const int TypeAt = NamedLengthAt + sizeof(int);
    private const int LineBytes = TypeAt + sizeof(byte);

    /// <summary>Bytes of an entry without and with the hashed parts of nodes.</summary>
    public static (long CheckedBytes, long AllBytes) LengthsOf(ReadOnlySpan<byte> head)
    {
        long checkedBytes = HeadBytes
            + ((long)BinaryPrimitives.ReadInt32LittleEndian(head[LineCountAt..]) * LineBytes)
            + BinaryPrimitives.ReadInt32LittleEndian(head[NamesLengthAt..]);
        long rowsBytes = BinaryPrimitives.ReadInt64LittleEndian(head[RowsLengthAt..]);
        return (checkedBytes, checkedBytes + Math.Clamp(rowsBytes, 0, long.MaxValue / 2));
    }

    /// <returns>Null where it cannot be one.</returns>
    public static PackFacts? TryReadHead(ReadOnlySpan<byte> head, long atBytes)
    {
        bool isHead = BinaryPrimitives.ReadUInt64LittleEndian(head[MagicAt..]) == Magic
            && BinaryPrimitives.ReadUInt32LittleEndian(head[KindAt..]) is 1 or 2
            && BinaryPrimitives.ReadInt32LittleEndian(head[LineCountAt..]) >= 0
            && BinaryPrimitives.ReadInt32LittleEndian(head[NamesLengthAt..]) >= 0
            && BinaryPrimitives.ReadInt64LittleEndian(head[RowsLengthAt..]) >= 0;
        PackName name = new(
            BinaryPrimitives.ReadUInt32LittleEndian(head[KindAt..]) == 1 ? PackKind.Chunks : PackKind.Maps,
            new SessionId(head.Slice(SessionAt, SessionId.SizeBytes)),
            BinaryPrimitives.ReadUInt32LittleEndian(head[NumberAt..]));
        return isHead
            ? new PackFacts(name, BinaryPrimitives.ReadInt64LittleEndian(head[PackLengthAt..]), atBytes)
            : null;
    }

    /// <param name="entry">The part that the checksum covers, and the checksum.</param>
    public static bool IsWhole(ReadOnlySpan<byte> entry) =>
        ChecksumOf(entry) == new Digest(entry.Slice(ChecksumAt, Digest.SizeBytes));

    /// <summary>The records of an entry that is whole.</summary>
    /// <param name="pack">What they are to say for their pack.</param>
    public static IEnumerable<StoredRecord> Read(ReadOnlyMemory<byte> entry, long atBytes, int pack)
    {
        int lineCount = BinaryPrimitives.ReadInt32LittleEndian(entry.Span[LineCountAt..]);
        (long rowsAt, _) = LengthsOf(entry.Span);
        (long nextNames, long nextRows) = (HeadBytes + ((long)lineCount * LineBytes), rowsAt);
        for (int index = 0; index < lineCount; index++)
        {
            StoredRecord record = ReadLine(entry.Span[(HeadBytes + (index * LineBytes))..], pack);
            bool isNode = record.Type == RecordType.Node;
            yield return record with { NamesAtBytes = atBytes + (isNode ? nextRows : nextNames) };
            (nextNames, nextRows) = isNode
                ? (nextNames, nextRows + record.NamesLengthBytes)
                : (nextNames + record.NamesLengthBytes, nextRows);
        }
    }

    public static void WriteLine(
        Span<byte> output, Digest id, uint offsetBytes, uint lengthBytes, RecordType type, int namedLengthBytes)
    {
        id.WriteTo(output);
        BinaryPrimitives.WriteUInt32LittleEndian(output[OffsetAt..], offsetBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(output[LengthAt..], lengthBytes);
        BinaryPrimitives.WriteInt32LittleEndian(output[NamedLengthAt..], namedLengthBytes);
        output[TypeAt] = (byte)type;
    }

    /// <summary>The part that the checksum covers, checksum and all.</summary>
    public static byte[] Write(
        PackName pack, long packLengthBytes, ReadOnlySpan<byte> lines, ReadOnlySpan<byte> names, long rowsLengthBytes)
    {
        byte[] entry = new byte[HeadBytes + lines.Length + names.Length];
        Span<byte> head = entry;
        BinaryPrimitives.WriteUInt64LittleEndian(head[MagicAt..], Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(head[KindAt..], pack.Kind == PackKind.Chunks ? 1u : 2u);
        BinaryPrimitives.WriteUInt32LittleEndian(head[NumberAt..], pack.Number);
        pack.Session.WriteTo(head[SessionAt..]);
        BinaryPrimitives.WriteInt64LittleEndian(head[PackLengthAt..], packLengthBytes);
        BinaryPrimitives.WriteInt32LittleEndian(head[LineCountAt..], lines.Length / LineBytes);
        BinaryPrimitives.WriteInt32LittleEndian(head[NamesLengthAt..], names.Length);
        BinaryPrimitives.WriteInt64LittleEndian(head[RowsLengthAt..], rowsLengthBytes);
        lines.CopyTo(head[HeadBytes..]);
        names.CopyTo(head[(HeadBytes + lines.Length)..]);
        ChecksumOf(entry).WriteTo(head);
        return entry;
    }

    public static int LineSizeBytes => LineBytes;

    private static StoredRecord ReadLine(ReadOnlySpan<byte> line, int pack) => new(
        new Digest(line[..Digest.SizeBytes]),
        pack,
        BinaryPrimitives.ReadUInt32LittleEndian(line[OffsetAt..]),
        BinaryPrimitives.ReadUInt32LittleEndian(line[LengthAt..]),
        (RecordType)line[TypeAt],
        0,
        BinaryPrimitives.ReadInt32LittleEndian(line[NamedLengthAt..]));

    /// <summary>Any good hash of this host's own would do.</summary>
    private static Digest ChecksumOf(ReadOnlySpan<byte> entry) =>
        ContentHasher.Plain.IdOfList(entry[MagicAt..]).Value;
}
