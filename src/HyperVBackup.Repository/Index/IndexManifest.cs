using System.Buffers.Binary;
using HyperVBackup.Blake3;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// Everything a saved index consists of beside the log, in one file that is replaced whole: so the log, the packs and
/// the covered sessions can never be of different saves. A few megabytes for a hundred thousand packs and sessions.
/// </summary>
internal sealed record IndexManifest(
    RepositoryId Repository,
    LogMark Mark,
    long SettledEndBytes,
    TableMark Table,
    long NotIndexedCount,
    byte[] Sums,
    IReadOnlyList<PackName> Packs,
    IReadOnlyCollection<SessionId> Sessions)
{
    public const long FileBytesMax = 1 << 30;
    private const int ChecksumBytes = Digest.SizeBytes;
    private const int PackBytes = SessionId.SizeBytes + sizeof(uint);

    private static ReadOnlySpan<byte> Magic => "HVBINDX2"u8;

    /// <summary>Replaces the file at <paramref name="path"/>, durably.</summary>
    /// <exception cref="StoreException">The system refused.</exception>
    public void Publish(string path)
    {
        using DurableFile file = DurableFile.Create(path);
        RandomAccess.Write(file.Handle, Encode(), 0);
        file.PublishReplacing();
    }

    /// <exception cref="CorruptDataException">Damaged, or of another repository.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IndexManifest Read(string path, RepositoryId repository)
    {
        IndexManifest manifest = Decode(ReplaceableFile.Read(path, FileBytesMax));
        Corrupt.Unless(manifest.Repository == repository, "index manifest: repository");
        return manifest;
    }

    public byte[] Encode()
    {
        using MemoryStream output = new();
        using BinaryWriter writer = new(output);
        Span<byte> id = stackalloc byte[RepositoryId.SizeBytes];
        Span<byte> checksum = stackalloc byte[ChecksumBytes];
        writer.Write(Magic);
        Repository.WriteTo(id);
        writer.Write(id);
        writer.Write(Mark.Token.ToByteArray());
        writer.Write(Mark.EndBytes);
        writer.Write(SettledEndBytes);
        writer.Write(Table.Number);
        writer.Write(Table.EntryCount);
        writer.Write(Table.GroupBits);
        Table.DirectoryHash.WriteTo(checksum);
        writer.Write(checksum);
        writer.Write(NotIndexedCount);
        WriteCounted(writer, Mark.Metadata, 1);
        WriteCounted(writer, Sums, LogSums.SumBytes);
        writer.Write(Packs.Count);
        foreach (PackName pack in Packs)
        {
            pack.Session.WriteTo(id);
            writer.Write(id);
            writer.Write(pack.Number);
        }

        writer.Write(Sessions.Count);
        foreach (SessionId session in Sessions)
        {
            session.WriteTo(id);
            writer.Write(id);
        }

        writer.Flush();
        Blake3Mode.Plain.Hash(output.GetBuffer().AsSpan(0, (int)output.Length), checksum);
        output.Write(checksum);
        return output.ToArray();
    }

    /// <exception cref="CorruptDataException">Wrong magic, lengths or checksum.</exception>
    public static IndexManifest Decode(ReadOnlySpan<byte> bytes)
    {
        Corrupt.Unless(bytes.Length > Magic.Length + ChecksumBytes, "index manifest: length");
        Span<byte> checksum = stackalloc byte[ChecksumBytes];
        Blake3Mode.Plain.Hash(bytes[..^ChecksumBytes], checksum);
        Corrupt.Unless(checksum.SequenceEqual(bytes[^ChecksumBytes..]), "index manifest: checksum");
        ReadOnlySpan<byte> rest = bytes[..^ChecksumBytes];
        Corrupt.Unless(Take(ref rest, Magic.Length).SequenceEqual(Magic), "index manifest: magic");
        RepositoryId repository = new(Take(ref rest, RepositoryId.SizeBytes));
        Guid token = new(Take(ref rest, RepositoryId.SizeBytes));
        long endBytes = TakeInt64(ref rest);
        long settledEndBytes = TakeInt64(ref rest);
        bool isOrdered = settledEndBytes >= LogMark.FirstEntryBytes && endBytes >= settledEndBytes;
        Corrupt.Unless(isOrdered, "index manifest: log length");
        TableMark table = TakeTable(ref rest);
        long notIndexedCount = TakeInt64(ref rest);
        byte[] metadata = TakeCounted(ref rest, 1).ToArray();
        byte[] sums = TakeCounted(ref rest, LogSums.SumBytes).ToArray();
        ReadOnlySpan<byte> packBytes = TakeCounted(ref rest, PackBytes);
        ReadOnlySpan<byte> sessionBytes = TakeCounted(ref rest, SessionId.SizeBytes);
        Corrupt.Unless(rest.IsEmpty, "index manifest: bytes left over");
        LogMark mark = new(token, metadata, endBytes);
        return new IndexManifest(
            repository, mark, settledEndBytes, table, notIndexedCount, sums, PacksOf(packBytes),
            SessionsOf(sessionBytes));
    }

    private static TableMark TakeTable(ref ReadOnlySpan<byte> rest)
    {
        long number = TakeInt64(ref rest);
        long entryCount = TakeInt64(ref rest);
        int groupBits = BinaryPrimitives.ReadInt32LittleEndian(Take(ref rest, sizeof(int)));
        Digest hash = new(Take(ref rest, Digest.SizeBytes));
        return number == 0 ? TableMark.None : new TableMark(number, entryCount, groupBits, hash);
    }

    private static long TakeInt64(ref ReadOnlySpan<byte> rest) =>
        BinaryPrimitives.ReadInt64LittleEndian(Take(ref rest, sizeof(long)));

    private static List<PackName> PacksOf(ReadOnlySpan<byte> bytes)
    {
        List<PackName> packs = new(bytes.Length / PackBytes);
        for (; !bytes.IsEmpty; bytes = bytes[PackBytes..])
        {
            uint number = BinaryPrimitives.ReadUInt32LittleEndian(bytes[SessionId.SizeBytes..]);
            packs.Add(new PackName(PackKind.Chunks, new SessionId(bytes[..SessionId.SizeBytes]), number));
        }

        return packs;
    }

    private static List<SessionId> SessionsOf(ReadOnlySpan<byte> bytes)
    {
        List<SessionId> sessions = new(bytes.Length / SessionId.SizeBytes);
        for (; !bytes.IsEmpty; bytes = bytes[SessionId.SizeBytes..])
        {
            sessions.Add(new SessionId(bytes[..SessionId.SizeBytes]));
        }

        return sessions;
    }

    private static void WriteCounted(BinaryWriter writer, byte[] bytes, int itemBytes)
    {
        writer.Write(bytes.Length / itemBytes);
        writer.Write(bytes);
    }

    private static ReadOnlySpan<byte> TakeCounted(ref ReadOnlySpan<byte> rest, int itemBytes)
    {
        int count = BinaryPrimitives.ReadInt32LittleEndian(Take(ref rest, sizeof(int)));
        Corrupt.Unless(count >= 0 && count <= rest.Length / itemBytes, "index manifest: count");
        return Take(ref rest, count * itemBytes);
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, int count)
    {
        Corrupt.Unless(count <= rest.Length, "index manifest: length");
        ReadOnlySpan<byte> taken = rest[..count];
        rest = rest[count..];
        return taken;
    }
}
