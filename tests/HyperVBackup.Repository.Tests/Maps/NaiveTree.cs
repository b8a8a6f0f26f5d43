using System.Buffers.Binary;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Tests.Maps;

/// <summary>The definition of a disk map's top, said once more without any of the product's tree code: every node of
/// the full tree is made, from its chunks up.</summary>
internal static class NaiveTree
{
    public static NodeId TopOf(ReadOnlySpan<ChunkId> chunks)
    {
        Digest[] row = new Digest[chunks.Length];
        for (int index = 0; index < row.Length; index++)
        {
            row[index] = chunks[index].Value;
        }

        byte level = 0;
        do
        {
            row = RowAbove(row, ++level);
        }
        while (row.Length > 1);
        return new NodeId(row.Length == 0 ? default : row[0]);
    }

    private static Digest[] RowAbove(Digest[] row, byte level)
    {
        Digest[][] families = [.. row.Chunk(16)];
        return [.. families.Select(children => IdOf(children, level))];
    }

    private static Digest IdOf(Digest[] children, byte level)
    {
        using var body = new MemoryStream();
        int bitmap = 0;
        for (int slot = 0; slot < children.Length; slot++)
        {
            bitmap |= children[slot].IsZero ? 0 : 1 << slot;
        }

        Span<byte> head = [level, 0, 0, 0];
        BinaryPrimitives.WriteUInt16LittleEndian(head[2..], (ushort)bitmap);
        body.Write(head);
        Span<byte> bytes = stackalloc byte[32];
        foreach (Digest child in children.Where(child => !child.IsZero))
        {
            child.WriteTo(bytes);
            body.Write(bytes);
        }

        return bitmap == 0 ? default : ContentHasher.Plain.IdOfNode(body.ToArray()).Value;
    }
}
