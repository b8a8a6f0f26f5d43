using System.Buffers.Binary;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Records;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Vectors of stored records.</summary>
internal static class RecordVectors
{
    public static void Add(VectorSet.Good good, VectorSet.Bad bad)
    {
        byte[] sparse = new byte[Structures.ChunkSizeBytes];
        for (int at = FormatLimits.PageSizeBytes; at < 2 * FormatLimits.PageSizeBytes; at++)
        {
            sparse[at] = (byte)(at % 251);
        }

        byte[] full = [.. Enumerable.Range(0, Structures.ChunkSizeBytes).Select(at => (byte)((at / 7 % 250) + 1))];
        byte[] noise = new byte[Structures.ChunkSizeBytes];
        new Sample(2).Bytes(FormatLimits.PageSizeBytes).CopyTo(noise, 0);
        good.Add(Structures.ChunkRecord, "full-lz4", Encode(full, Compression.Lz4));
        good.Add(Structures.ChunkRecord, "full-zstd", Encode(full, Compression.Zstd(1)));
        good.Add(Structures.ChunkRecord, "sparse-zstd", Encode(sparse, Compression.Zstd(1)));
        good.Add(Structures.ChunkRecord, "noise-raw", Encode(noise, Compression.Lz4));
        byte[] lz4 = good.Add(Structures.ChunkRecord, "sparse-lz4", Encode(sparse, Compression.Lz4));
        byte[] raw = good.Add(Structures.ChunkRecord, "sparse-raw", Encode(sparse, Compression.None));
        AddBadHeaders(bad, raw);
        byte[] zstd = Encode(sparse, Compression.Zstd(1));
        AddBadBodies(bad, raw, lz4, zstd);
        AddBadFrames(bad, zstd, sparse.AsSpan(FormatLimits.PageSizeBytes, FormatLimits.PageSizeBytes));
        AddBitmaps(bad, raw, Encode(full, Compression.Lz4));
        AddPlain(good, bad);
    }

    private static byte[] Encode(byte[] chunk, Compression compression)
    {
        Digest[] hashes = new Digest[chunk.Length / FormatLimits.PageSizeBytes];
        ChunkId id = ContentHasher.Plain.IdOfChunk(chunk, hashes);
        byte[] output = new byte[ChunkRecord.EncodedSizeMax(chunk.Length)];
        return output[..ChunkRecord.Encode(id, chunk, hashes, compression, output)];
    }

    private static void AddBadHeaders(VectorSet.Bad bad, byte[] raw)
    {
        (string Name, string Complaint, int At, byte Value)[] faults =
        [
            ("magic", "record: magic", RecordHeader.MagicAt, 0),
            ("type-0", "record: type", RecordHeader.TypeAt, 0),
            ("type-200", "record: type", RecordHeader.TypeAt, 200),
            ("delta", "record: extension in a record", RecordHeader.TypeAt, 2),
            ("extension-in-a-list", "record: extension in a record", RecordHeader.TypeAt, 4),
            ("codec", "record: codec", RecordHeader.CodecAt, 3),
            ("codec-without-gain", "record: stored and plain length", RecordHeader.CodecAt, 1),
            ("flags", "record: flags", RecordHeader.FlagsAt, 1),
            ("plain-length", "record: plain length", RecordHeader.PlainLengthAt + 3, 2),
            ("stored-length", "record: stored length", RecordHeader.StoredLengthAt + 3, 1),
            ("stored-less-than-plain", "record: stored and plain length", RecordHeader.StoredLengthAt + 1, 0xF),
            ("key-id", "record: key id", RecordHeader.KeyIdAt, 1),
            ("extension-length", "record: extension length", RecordHeader.ExtensionLengthAt + 1, 0x21),
            ("reserved", "record: reserved", RecordHeader.ReservedAt, 1),
        ];
        foreach ((string name, string complaint, int at, byte value) in faults)
        {
            bad.Add(Structures.ChunkRecord, name, complaint, raw, at, value, Reseal.Record);
        }

        byte[] zeroId = [.. raw];
        zeroId.AsSpan(RecordHeader.IdAt, Digest.SizeBytes).Clear();
        bad.Add(Structures.ChunkRecord, "zero-id", "record: id", zeroId, RecordHeader.IdAt, 0, Reseal.Record);
        bad.Add(Structures.ChunkRecord, "empty", "record: length", []);
        bad.Add(Structures.ChunkRecord, "cut", "record: bytes end inside it", raw[..^1]);
        bad.Add(Structures.ChunkRecord, "checksum", "record: checksum", raw, raw.Length - 1, (byte)(raw[^1] ^ 0xFF));
        const string Other = "chunk record: content is not that of the id";
        byte otherId = (byte)(raw[RecordHeader.IdAt] ^ 0xFF);
        bad.Add(Structures.ChunkRecord, "other-id", Other, raw, RecordHeader.IdAt, otherId, Reseal.Record);
        bad.Add(
            Structures.ChunkRecord, "other-content", Other, raw, raw.Length - 1, (byte)(raw[^1] ^ 0xFF), Reseal.Record);
    }

    private static void AddBadBodies(VectorSet.Bad bad, byte[] raw, byte[] lz4, byte[] zstd)
    {
        const string Of = Structures.ChunkRecord;
        int bodyAt = RecordHeader.SizeBytes + ChunkRecord.BitmapAt + 1;
        bad.Add(Of, "lz4-block", "body: LZ4 block", lz4, bodyAt, 0, Reseal.Record);
        bad.Add(Of, "zstd-frame", "body: zstd frame", zstd, bodyAt, 0, Reseal.Record);
        byte[] zeros = [.. raw];
        zeros.AsSpan(bodyAt).Clear();
        bad.Add(Of, "stored-zero-page", "chunk record: a stored page is zero", zeros, bodyAt, 0, Reseal.Record);
    }

    /// <summary>Frames that are good in themselves, but not what a body may be.</summary>
    private static void AddBadFrames(VectorSet.Bad bad, byte[] record, ReadOnlySpan<byte> page)
    {
        const string Of = Structures.ChunkRecord;
        const string Complaint = "body: zstd frame";
        using Compressor compressor = new();
        byte[] frame = compressor.Wrap(page).ToArray();
        byte[] skippable = [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 0];
        bad.Add(Of, "zstd-frame-of-less", Complaint, WithBody(record, compressor.Wrap(page[1..])));
        bad.Add(Of, "zstd-two-frames", Complaint, WithBody(record, [.. frame, .. compressor.Wrap([])]));
        bad.Add(Of, "zstd-skippable-frame", Complaint, WithBody(record, [.. frame, .. skippable]));
        bad.Add(Of, "zstd-cut", Complaint, WithBody(record, frame.AsSpan(0, frame.Length - 1)));
        compressor.SetParameter(ZSTD_cParameter.ZSTD_c_contentSizeFlag, 0);
        bad.Add(Of, "zstd-no-length", Complaint, WithBody(record, compressor.Wrap(page)));
    }

    private static byte[] WithBody(byte[] record, ReadOnlySpan<byte> body)
    {
        byte[] changed = [.. record.AsSpan(0, RecordHeader.SizeBytes + ChunkRecord.BitmapAt + 1), .. body];
        BinaryPrimitives.WriteInt32LittleEndian(changed.AsSpan(RecordHeader.StoredLengthAt), body.Length);
        Reseal.Record(changed);
        return changed;
    }

    private static void AddBitmaps(VectorSet.Bad bad, byte[] raw, byte[] full)
    {
        const string Of = Structures.ChunkRecord;
        int at = RecordHeader.SizeBytes;
        int bitmapAt = at + ChunkRecord.BitmapAt;
        bad.Add(Of, "tag-recipe", "chunk record: extension tag", raw, at, 2, Reseal.Record);
        bad.Add(Of, "tag-nonce", "chunk record: extension tag", raw, at, 3, Reseal.Record);
        bad.Add(Of, "tag-reserved", "chunk record: extension reserved", raw, at + 1, 1, Reseal.Record);
        bad.Add(Of, "tag-length", "chunk record: extension length", raw, at + 2, 2, Reseal.Record);
        bad.Add(Of, "bitmap-past-the-end", "chunk record: page bitmap", raw, bitmapAt, 0x12, Reseal.Record);
        bad.Add(Of, "bitmap-of-none", "chunk record: page bitmap of all", raw, bitmapAt, 0, Reseal.Record);
        bad.Add(Of, "bitmap-of-all", "chunk record: page bitmap of all", raw, bitmapAt, 0xF, Reseal.Record);
        bad.Add(Of, "bitmap-of-more", "chunk record: plain length", raw, bitmapAt, 3, Reseal.Record);
        byte[] shorter = [.. full];
        shorter[RecordHeader.PlainLengthAt + 1] = 0x30;
        bad.Add(Of, "no-bitmap", "chunk record: plain length", shorter, RecordHeader.FlagsAt, 0, Reseal.Record);
    }

    private static void AddPlain(VectorSet.Good good, VectorSet.Bad bad)
    {
        Sample sample = new(3);
        byte[] list = ChangeListSegment.Write([.. Enumerable.Range(0, 40).Select(index =>
            new ChangedChunk(index * 2, default))]);
        byte[] output = new byte[PlainRecord.WrittenSizeMax(list.Length)];
        Digest id = ContentHasher.Plain.IdOfList(list).Value;
        foreach (Compression compression in new[] { Compression.None, Compression.Lz4, Compression.Zstd(1) })
        {
            int lengthBytes = PlainRecord.Write(RecordType.List, id, list, compression, output);
            good.Add(Structures.PlainRecord, $"list-{compression}".Split(':')[0], output[..lengthBytes]);
        }

        MapNode node = sample.Node();
        byte[] plain = new byte[MapNode.SizeMaxBytes];
        plain = plain[..node.WriteTo(plain)];
        byte[] record = new byte[PlainRecord.WrittenSizeMax(plain.Length)];
        PlainRecord.Write(RecordType.Node, node.IdOf(ContentHasher.Plain).Value, plain, Compression.Lz4, record);
        good.Add(Structures.PlainRecord, "node", record);
        byte[] lz4 = output[..PlainRecord.Write(RecordType.List, id, list, Compression.Lz4, output)];
        const string Of = Structures.PlainRecord;
        bad.Add(Of, "node-compressed", "record: a node or recipe is never", lz4, RecordHeader.TypeAt, 3, Reseal.Record);
        bad.Add(Of, "id-in-a-lease", "record: id", lz4, RecordHeader.TypeAt, 7, Reseal.Record);
        byte[] empty = [.. lz4];
        empty.AsSpan(RecordHeader.PlainLengthAt, sizeof(uint)).Clear();
        bad.Add(Of, "no-body", "record: plain length", empty, RecordHeader.FlagsAt, 0, Reseal.Record);
    }
}
