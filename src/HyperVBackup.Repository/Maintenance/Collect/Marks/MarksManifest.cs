using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>What a host notes of its last marking, as bytes: the roots from which it marked, the tables and
/// their sums. The layout
/// is this host's own and may change with any version.</summary>
internal static class MarksManifest
{
    private static ReadOnlySpan<byte> Magic => "HVMARKS2"u8;

    public static byte[] Write(RepositoryId repository, NeededIds needed)
    {
        using MemoryStream output = new();
        using BinaryWriter writer = new(output);
        writer.Write(Magic);
        writer.Write(BytesOf(repository));
        writer.Write(needed.MarkingCount);
        Write(writer, needed.ChunkMarks);
        Write(writer, needed.MapMarks);
        Write(writer, needed.Roots.Tops, top => writer.Write((byte)top.Level), top => top.Id.Value);
        Write(writer, needed.Roots.Heads, _ => { }, head => head.Value);
        Write(writer, needed.Roots.Files, _ => { }, file => file.Value);
        writer.Write(BytesOf(ChecksumOf(output.GetBuffer().AsSpan(0, (int)output.Length))));
        return output.ToArray();
    }

    /// <param name="open">Opens a table.</param>
    /// <returns>Null where this is no manifest of that repository.</returns>
    public static NeededIds? TryRead(byte[] bytes, RepositoryId repository, Func<Digest, long, MarkTable> open)
    {
        byte[] start = [.. Magic, .. BytesOf(repository)];
        bool isManifest = bytes.Length >= start.Length + Digest.SizeBytes
            && bytes.AsSpan().StartsWith(start)
            && new Digest(bytes.AsSpan(^Digest.SizeBytes..)) == ChecksumOf(bytes.AsSpan(..^Digest.SizeBytes));
        return isManifest ? Read(bytes, start.Length, open) : null;
    }

    private static NeededIds Read(byte[] bytes, int at, Func<Digest, long, MarkTable> open)
    {
        using BinaryReader reader = new(new MemoryStream(bytes, at, bytes.Length - at));
        int markingCount = reader.ReadInt32();
        MarkedIds chunks = ReadIds(reader, open);
        MarkedIds? maps = null;
        try
        {
            maps = ReadIds(reader, open);
            PointRoots roots = new(
                Read(reader, () => ((int)reader.ReadByte(), new NodeId(ReadDigest(reader)))),
                Read(reader, () => new ListId(ReadDigest(reader))),
                Read(reader, () => new ListId(ReadDigest(reader))));
            return new NeededIds(roots, chunks, maps, markingCount);
        }
        catch
        {
            chunks.Dispose();
            maps?.Dispose();
            throw;
        }
    }

    private static void Write(BinaryWriter writer, MarkedIds ids)
    {
        foreach (MarkTable table in (MarkTable[])[ids.Large, ids.Changes])
        {
            writer.Write(BytesOf(table.Id));
            writer.Write(table.Count);
        }

        writer.Write(BytesOf(ids.Sum.Words));
        writer.Write(ids.Sum.Count);
        writer.Write(BytesOf(ids.Sum.Named.Words));
        writer.Write(ids.Sum.Named.Weights);
    }

    private static MarkedIds ReadIds(BinaryReader reader, Func<Digest, long, MarkTable> open)
    {
        (Digest largeId, long largeCount) = (ReadDigest(reader), reader.ReadInt64());
        (Digest changesId, long changesCount) = (ReadDigest(reader), reader.ReadInt64());
        (Digest words, long count) = (ReadDigest(reader), reader.ReadInt64());
        (Digest namedWords, long named) = (ReadDigest(reader), reader.ReadInt64());
        MarkSum sum = new(count, words, new WeighedSum(named, namedWords));
        MarkTable large = open(largeId, largeCount);
        try
        {
            return new MarkedIds(large, open(changesId, changesCount), sum);
        }
        catch
        {
            large.Dispose();
            throw;
        }
    }

    private static void Write<T>(
        BinaryWriter writer, IReadOnlyCollection<T> roots, Action<T> writeStart, Func<T, Digest> idOf)
    {
        writer.Write(roots.Count);
        foreach (T root in roots)
        {
            writeStart(root);
            writer.Write(BytesOf(idOf(root)));
        }
    }

    private static HashSet<T> Read<T>(BinaryReader reader, Func<T> readOne)
    {
        HashSet<T> roots = [];
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            roots.Add(readOne());
        }

        return roots;
    }

    private static Digest ReadDigest(BinaryReader reader) => new(reader.ReadBytes(Digest.SizeBytes));

    private static byte[] BytesOf(Digest digest)
    {
        byte[] bytes = new byte[Digest.SizeBytes];
        digest.WriteTo(bytes);
        return bytes;
    }

    private static byte[] BytesOf(RepositoryId repository)
    {
        byte[] bytes = new byte[RepositoryId.SizeBytes];
        repository.WriteTo(bytes);
        return bytes;
    }

    /// <summary>Any good hash of this host's own would do.</summary>
    private static Digest ChecksumOf(ReadOnlySpan<byte> bytes) => ContentHasher.Plain.IdOfList(bytes).Value;
}
