using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Records;
using Xunit;

namespace HyperVBackup.Format.Tests;

public sealed class NodeRowsTests
{
    private const int Count = 200;

    [Fact]
    public void A_rows_id_is_its_nodes_whatever_stands_beside_it()
    {
        Random random = new(1);
        MapNode[] nodes = [.. Enumerable.Range(0, Count).Select(_ => Any(random))];
        byte[] rows = RowsOf(nodes);
        int[] chosen = [.. Enumerable.Range(0, Count).Where(_ => random.Next(5) > 0)];
        byte[] ids = new byte[Count * Digest.SizeBytes];
        ids.AsSpan().Fill(7);
        NodeRows.DeriveIds(ContentHasher.Plain, 3, rows, chosen, ids);
        for (int index = 0; index < Count; index++)
        {
            Digest expected = chosen.Contains(index)
                ? nodes[index].IdOf(ContentHasher.Plain).Value
                : new Digest(Enumerable.Repeat((byte)7, Digest.SizeBytes).ToArray());
            Assert.Equal(expected, new Digest(ids.AsSpan(index * Digest.SizeBytes, Digest.SizeBytes)));
        }
    }

    [Fact]
    public void No_flipped_bit_of_a_record_passes_for_other_children()
    {
        Random random = new(2);
        MapNode node = Any(random);
        byte[] expected = RowsOf([node]);
        byte[] record = RecordOf(node);
        byte[] row = new byte[NodeRows.SizeBytes];
        Assert.True(NodeRows.TryRead(record, node.IdOf(ContentHasher.Plain), row));
        Assert.Equal(expected, row);
        for (int bit = 0; bit < record.Length * 8; bit++)
        {
            record[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(!IsGood(record, node) || ReadRow(record, node).SequenceEqual(expected), $"bit {bit}");
            record[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (int length = 0; length < record.Length; length++)
        {
            Assert.False(NodeRows.TryRead(record.AsSpan(0, length), node.IdOf(ContentHasher.Plain), row));
        }
    }

    [Fact]
    public void A_record_of_another_node_or_kind_is_none()
    {
        MapNode node = Any(new Random(3));
        NodeId id = node.IdOf(ContentHasher.Plain);
        byte[] row = new byte[NodeRows.SizeBytes];
        Assert.False(NodeRows.TryRead(RecordOf(node), new NodeId(ContentHasher.Plain.IdOfList([1]).Value), row));
        byte[] list = new byte[PlainRecord.WrittenSizeMax(40)];
        PlainRecord.Write(RecordType.List, id.Value, new byte[40], Compression.None, list);
        Assert.False(NodeRows.TryRead(list, id, row));
    }

    private static MapNode Any(Random random)
    {
        MapNode node = new(3);
        bool isFull = random.Next(2) == 0;
        for (int slot = 0; slot < 16; slot++)
        {
            byte[] id = new byte[Digest.SizeBytes];
            random.NextBytes(id);
            if (isFull || slot == 5 || random.Next(2) == 0)
            {
                node.SetChild(slot, new Digest(id), default);
            }
        }

        return node;
    }

    private static byte[] RowsOf(MapNode[] nodes)
    {
        byte[] rows = new byte[nodes.Length * NodeRows.SizeBytes];
        for (int index = 0; index < nodes.Length; index++)
        {
            NodeRows.Write(nodes[index], rows.AsSpan(index * NodeRows.SizeBytes));
        }

        return rows;
    }

    private static byte[] RecordOf(MapNode node)
    {
        byte[] plain = new byte[MapNode.SizeMaxBytes];
        int length = node.WriteTo(plain);
        byte[] record = new byte[PlainRecord.WrittenSizeMax(length)];
        NodeId id = node.IdOf(ContentHasher.Plain);
        PlainRecord.Write(RecordType.Node, id.Value, plain.AsSpan(0, length), Compression.None, record);
        return record;
    }

    private static byte[] ReadRow(byte[] record, MapNode node)
    {
        byte[] row = new byte[NodeRows.SizeBytes];
        NodeRows.TryRead(record, node.IdOf(ContentHasher.Plain), row);
        return row;
    }

    private static bool IsGood(byte[] record, MapNode node)
    {
        byte[] row = new byte[NodeRows.SizeBytes];
        NodeId id = node.IdOf(ContentHasher.Plain);
        if (!NodeRows.TryRead(record, id, row))
        {
            return false;
        }

        byte[] derived = new byte[Digest.SizeBytes];
        NodeRows.DeriveIds(ContentHasher.Plain, 3, row, [0], derived);
        return new Digest(derived) == id.Value;
    }
}
