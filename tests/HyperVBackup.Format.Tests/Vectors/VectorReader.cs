using System.Globalization;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Reads a vector into named fields, and writes what it read.</summary>
internal static class VectorReader
{
    /// <summary>What the bytes hold, in the words of the manifest.</summary>
    public static Dictionary<string, string> Describe(string structure, byte[] bytes)
    {
        Dictionary<string, string> fields = [];
        switch (structure)
        {
            case Structures.FileHeader:
                AddHeader(fields, FileHeader.Read(bytes));
                break;
            case Structures.ChunkRecord:
                AddChunkRecord(fields, bytes);
                break;
            case Structures.DeltaRecord:
                DeltaFields.AddRecord(fields, bytes);
                break;
            case Structures.PlainRecord:
                AddPlainRecord(fields, Record.Read(bytes));
                break;
            case Structures.MapNode:
                AddNode(fields, MapNode.Read(bytes));
                break;
            case Structures.ChangeList:
                AddListId(fields, bytes);
                AddEach(fields, "change", ChangeListSegment.Read(bytes), change => $"{change.ChunkIndex} {change.Id}");
                break;
            case Structures.RangeList:
                AddListId(fields, bytes);
                AddEach(fields, "range", ReadRanges(bytes), range => $"{range.StartBytes} {range.LengthBytes}");
                break;
            case Structures.ListHead:
                AddListId(fields, bytes);
                AddEach(
                    fields,
                    "segment",
                    ListHead.Read(SegmentKind(bytes), bytes),
                    segment => string.Join(
                        ' ',
                        segment.Id,
                        segment.FirstKey,
                        segment.EntryCount,
                        PointFields.Place(segment.Place)));
                break;
            case Structures.ConfigurationFile:
                AddListId(fields, bytes);
                ConfigurationFile file = ConfigurationFile.Read(bytes);
                fields["name"] = file.Name;
                fields["content"] = Convert.ToHexStringLower(file.Content.Span);
                break;
            case Structures.Pack:
                AddPack(fields, bytes);
                break;
            case string name when CollectionFields.Knows(name):
                CollectionFields.Add(fields, structure, bytes);
                break;
            default:
                PointFields.Add(fields, structure, bytes);
                break;
        }

        return fields;
    }

    /// <summary>The bytes a writer makes of what a reader found in <paramref name="bytes"/>.</summary>
    public static byte[] Rewrite(string structure, byte[] bytes)
    {
        switch (structure)
        {
            case Structures.FileHeader:
                byte[] header = new byte[FileHeader.SizeBytes];
                FileHeader.Read(bytes).WriteTo(header);
                return header;
            case Structures.ChunkRecord:
                return RewriteChunk(bytes);
            case Structures.DeltaRecord:
                return DeltaFields.RewriteRecord(bytes);
            case Structures.PlainRecord:
                return RewritePlain(bytes);
            case Structures.MapNode:
                byte[] node = new byte[MapNode.SizeMaxBytes];
                return node[..MapNode.Read(bytes).WriteTo(node)];
            case Structures.ChangeList:
                return ChangeListSegment.Write(ChangeListSegment.Read(bytes));
            case Structures.RangeList:
                return RangeListSegment.Write((ListKind)bytes[0], ReadRanges(bytes));
            case Structures.ListHead:
                return ListHead.Write(SegmentKind(bytes), ListHead.Read(SegmentKind(bytes), bytes));
            case Structures.ConfigurationFile:
                return ConfigurationFile.Read(bytes).Write();
            case Structures.Pack:
                return RewritePack(bytes);
            case string name when CollectionFields.Knows(name):
                return CollectionFields.Rewrite(structure, bytes);
            default:
                return PointFields.Rewrite(structure, bytes);
        }
    }

    /// <summary>What a head says its segments are; a kind that has no segments is for the reader to refuse.</summary>
    private static ListKind SegmentKind(byte[] bytes)
    {
        ListKind kind = (ListKind)bytes[ListHeader.SegmentKindAt];
        return ListHeader.IsSegmented(kind) ? kind : ListKind.Changes;
    }

    private static ListedRange[] ReadRanges(byte[] bytes)
    {
        Corrupt.Unless(bytes.Length > 0 && bytes[0] is 2 or 3, "range list: kind");
        return RangeListSegment.Read((ListKind)bytes[0], bytes);
    }

    private static void AddHeader(Dictionary<string, string> fields, FileHeader header)
    {
        fields["kind"] = Number((int)header.Kind);
        fields["repository"] = header.Repository.ToString();
        fields["name"] = header.Name;
    }

    private static void AddChunkRecord(Dictionary<string, string> fields, byte[] bytes)
    {
        byte[] chunk = new byte[Structures.ChunkSizeBytes];
        ChunkRecord.Decode(bytes, chunk);
        Digest[] hashes = new Digest[chunk.Length / FormatLimits.PageSizeBytes];
        ChunkId id = ContentHasher.Plain.IdOfChunk(chunk, hashes);
        Record record = Record.Read(bytes);
        Corrupt.Unless(record.TotalLengthBytes == bytes.Length, "record: bytes after it");
        Corrupt.Unless(id.Value == record.Id, "chunk record: content is not that of the id");
        fields["id"] = id.ToString();
        fields["codec"] = Number((int)record.Codec);
        fields["plain length"] = Number(record.PlainLengthBytes);
        fields["page bitmap"] = Convert.ToHexStringLower(record.Extension);
    }

    private static void AddPlainRecord(Dictionary<string, string> fields, in Record record)
    {
        fields["type"] = Number((int)record.Type);
        fields["codec"] = Number((int)record.Codec);
        fields["id"] = record.Id.ToString();
        fields["plain"] = Convert.ToHexStringLower(PlainRecord.Read(record));
    }

    private static void AddNode(Dictionary<string, string> fields, MapNode node)
    {
        fields["level"] = Number(node.Level);
        fields["id"] = node.IdOf(ContentHasher.Plain).ToString();
        for (int index = 0; index < FormatLimits.FanOut; index++)
        {
            if (!node.GetChild(index).IsZero)
            {
                fields[$"child {index}"] = $"{node.GetChild(index)} {PointFields.Place(node.GetPlace(index))}";
            }
        }
    }

    private static void AddListId(Dictionary<string, string> fields, byte[] bytes) =>
        fields["id"] = ContentHasher.Plain.IdOfList(bytes).ToString();

    private static void AddEach<T>(
        Dictionary<string, string> fields, string name, IReadOnlyList<T> values, Func<T, string> write)
    {
        for (int index = 0; index < values.Count; index++)
        {
            fields[$"{name} {index}"] = write(values[index]);
        }
    }

    private static void AddPack(Dictionary<string, string> fields, byte[] bytes)
    {
        SamplePack pack = SamplePack.Read(bytes);
        AddHeader(fields, pack.Header);
        fields["pages per chunk"] = Number(pack.Trailer.PagesPerChunk);
        for (int index = 0; index < pack.Table.Count; index++)
        {
            PackEntry entry = pack.Table[index];
            fields[$"entry {index}"] = string.Join(
                ' ',
                entry.Id,
                entry.OffsetBytes,
                entry.LengthBytes,
                (int)entry.Type,
                (int)entry.Codec,
                entry.StoredPageCount,
                entry.PlainLengthBytes,
                entry.Hook.ToString("x16", CultureInfo.InvariantCulture));
            if (entry.Type == RecordType.Delta)
            {
                DeltaFields.AddRecipe(fields, $"entry {index} ", pack.RecipeOf(entry));
            }
        }
    }

    private static byte[] RewriteChunk(byte[] bytes)
    {
        byte[] chunk = new byte[Structures.ChunkSizeBytes];
        ChunkRecord.Decode(bytes, chunk);
        Digest[] hashes = new Digest[chunk.Length / FormatLimits.PageSizeBytes];
        ChunkId id = ContentHasher.Plain.IdOfChunk(chunk, hashes);
        byte[] output = new byte[ChunkRecord.EncodedSizeMax(chunk.Length)];
        return output[..ChunkRecord.Encode(id, chunk, hashes, CompressionOf(Record.Read(bytes).Codec), output)];
    }

    private static byte[] RewritePlain(byte[] bytes)
    {
        Record record = Record.Read(bytes);
        byte[] plain = PlainRecord.Read(record);
        byte[] output = new byte[PlainRecord.WrittenSizeMax(plain.Length)];
        return output[..PlainRecord.Write(record.Type, record.Id, plain, CompressionOf(record.Codec), output)];
    }

    private static byte[] RewritePack(byte[] bytes)
    {
        SamplePack pack = SamplePack.Read(bytes);
        Invariant.Check(PackName.TryParse(pack.Header.Name, out PackName name));
        PackWriter writer = new(name, pack.Header.Repository, pack.Trailer.PagesPerChunk);
        foreach (PackEntry entry in pack.EntriesByOffset)
        {
            Record record = pack.RecordOf(entry);
            if (entry.Type == RecordType.Whole)
            {
                writer.AddChunk(pack.ChunkOf(entry), CompressionOf(entry.Codec));
            }
            else if (entry.Type == RecordType.Delta)
            {
                writer.AddDelta(new ChunkId(entry.Id), DeltaFields.Rewrite(pack.RecipeOf(entry)));
            }
            else if (entry.Type == RecordType.Node)
            {
                writer.AddNode(MapNode.Read(PlainRecord.Read(record)));
            }
            else
            {
                writer.AddList(PlainRecord.Read(record), CompressionOf(entry.Codec));
            }
        }

        return writer.Finish();
    }

    /// <summary>Vectors are written with the first level of their codec.</summary>
    private static Compression CompressionOf(Codec codec) => new(codec, codec == Codec.Zstd ? 1 : 0);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
