using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Maps;

/// <summary>
/// Map nodes in bulk, for who needs no place hints: a node is a row of its 16 children's ids, 32 bytes each, those of
/// zero children zero. Ids are derived side by side.
/// </summary>
public static class NodeRows
{
    /// <summary>Bytes of a row.</summary>
    public const int SizeBytes = FormatLimits.FanOut * Digest.SizeBytes;

    private const int HashedSizeBytes = MapNode.ChildrenAt + SizeBytes;
    private const int StrideBytes = HashedSizeBytes + 60; // the next multiple of 64
    private const int BatchCount = 32;

    /// <summary>Reads a stored node's children without looking at the record's checksum: the caller holds the row
    /// against the id with <see cref="DeriveIds"/>, which no other row has.</summary>
    /// <param name="record">As it is stored.</param>
    /// <returns>False where it is not a record of that node; the row means nothing then.</returns>
    public static bool TryRead(ReadOnlySpan<byte> record, NodeId id, Span<byte> row)
    {
        try
        {
            RecordHeader header = RecordHeader.Read(record);
            if (header.Type != RecordType.Node || header.Id != id.Value || header.TotalLengthBytes != record.Length
                || header.StoredLengthBytes != header.PlainLengthBytes)
            {
                return false;
            }

            Spread(MapNode.HashedPartOf(record[^header.StoredLengthBytes..]), row[..SizeBytes]);
            return true;
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    /// <summary>Writes a node as a row.</summary>
    public static void Write(MapNode node, Span<byte> row)
    {
        ArgumentNullException.ThrowIfNull(node);
        for (int slot = 0; slot < FormatLimits.FanOut; slot++)
        {
            node.GetChild(slot).WriteTo(row[(slot * Digest.SizeBytes)..]);
        }
    }

    /// <summary>Derives the ids of nodes of one level; zero where every child is zero.</summary>
    /// <param name="rows">All rows.</param>
    /// <param name="chosen">Which of them.</param>
    /// <param name="ids">32 bytes for each row; those of rows not chosen stay as they are.</param>
    [SkipLocalsInit]
    public static void DeriveIds(
        ContentHasher hasher, int level, ReadOnlySpan<byte> rows, ReadOnlySpan<int> chosen, Span<byte> ids)
    {
        ArgumentNullException.ThrowIfNull(hasher);
        Span<byte> padded = stackalloc byte[BatchCount * StrideBytes];
        Span<byte> derived = stackalloc byte[BatchCount * Digest.SizeBytes];
        Span<int> pending = stackalloc int[BatchCount];
        padded[..(Math.Min(chosen.Length, BatchCount) * StrideBytes)].Clear();
        int count = 0;
        foreach (int index in chosen)
        {
            ReadOnlySpan<byte> row = rows.Slice(index * SizeBytes, SizeBytes);
            int lengthBytes = WriteHashedPart(level, row, padded[(count * StrideBytes)..]);
            if (lengthBytes == HashedSizeBytes)
            {
                pending[count++] = index;
            }
            else
            {
                DeriveAlone(hasher, padded.Slice(count * StrideBytes, lengthBytes), IdOf(ids, index));
            }

            if (count == BatchCount)
            {
                DerivePending(hasher, padded, pending, derived, ids);
                count = 0;
            }
        }

        DerivePending(hasher, padded, pending[..count], derived, ids);
    }

    private static void DerivePending(
        ContentHasher hasher, ReadOnlySpan<byte> padded, ReadOnlySpan<int> pending, Span<byte> derived, Span<byte> ids)
    {
        derived = derived[..(pending.Length * Digest.SizeBytes)];
        hasher.IdsOfNodes(padded[..(pending.Length * StrideBytes)], HashedSizeBytes, derived);
        for (int position = 0; position < pending.Length; position++)
        {
            IdOf(derived, position).CopyTo(IdOf(ids, pending[position]));
        }
    }

    private static void DeriveAlone(ContentHasher hasher, ReadOnlySpan<byte> hashedPart, Span<byte> id)
    {
        if (hashedPart.Length == MapNode.ChildrenAt)
        {
            id.Clear();
        }
        else
        {
            hasher.IdOfNode(hashedPart).Value.WriteTo(id);
        }
    }

    private static Span<byte> IdOf(Span<byte> ids, int index) => ids.Slice(index * Digest.SizeBytes, Digest.SizeBytes);

    private static int WriteHashedPart(int level, ReadOnlySpan<byte> row, Span<byte> output)
    {
        int bitmap = 0;
        int lengthBytes = MapNode.ChildrenAt;
        for (int slot = 0; slot < FormatLimits.FanOut; slot++)
        {
            ReadOnlySpan<byte> child = row.Slice(slot * Digest.SizeBytes, Digest.SizeBytes);
            if (child.ContainsAnyExcept((byte)0))
            {
                bitmap |= 1 << slot;
                child.CopyTo(output[lengthBytes..]);
                lengthBytes += Digest.SizeBytes;
            }
        }

        output[MapNode.LevelAt] = (byte)level;
        output[MapNode.ReservedAt] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(output[MapNode.BitmapAt..], (ushort)bitmap);
        return lengthBytes;
    }

    private static void Spread(ReadOnlySpan<byte> hashedPart, Span<byte> row)
    {
        uint bitmap = BinaryPrimitives.ReadUInt16LittleEndian(hashedPart[MapNode.BitmapAt..]);
        ReadOnlySpan<byte> ids = hashedPart[MapNode.ChildrenAt..];
        row.Clear();
        for (; bitmap != 0; bitmap &= bitmap - 1)
        {
            int slot = BitOperations.TrailingZeroCount(bitmap);
            ids[..Digest.SizeBytes].CopyTo(row[(slot * Digest.SizeBytes)..]);
            ids = ids[Digest.SizeBytes..];
        }
    }
}
