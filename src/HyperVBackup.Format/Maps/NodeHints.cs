using System.Buffers.Binary;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Maps;

/// <summary>The place hints of a <see cref="MapNode"/>, as in repo-format/map-node.md: the packs that children lie in,
/// then a place for each named child. A record that follows its neighbour's in a pack needs no offset.</summary>
internal static class NodeHints
{
    public const int SessionAt = 0;
    public const int NumberAt = SessionAt + SessionId.SizeBytes;
    public const int PackSizeBytes = NumberAt + sizeof(uint);
    public const int FormAt = 0;
    public const int RestAt = FormAt + sizeof(byte);
    public const int PlaceSizeMaxBytes = RestAt + sizeof(uint) + sizeof(uint);
    public const int SizeMaxBytes = sizeof(byte) + (FormatLimits.FanOut * (PackSizeBytes + PlaceSizeMaxBytes));
    public const int UnknownPack = 31;
    public const int Follows = 1 << 5;
    private const int PackMask = 31;
    private const int LengthSizeBit = 6;

    /// <param name="output">At least <see cref="SizeMaxBytes"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    public static int Write(
        ReadOnlySpan<Digest> children, ReadOnlySpan<RecordPlace> places, Span<byte> output)
    {
        Span<PackName> packs = stackalloc PackName[FormatLimits.FanOut];
        Span<int> packIndexes = stackalloc int[FormatLimits.FanOut];
        int packCount = CollectPacks(places, packs, packIndexes);
        output[0] = (byte)packCount;
        int at = sizeof(byte);
        for (int pack = 0; pack < packCount; pack++, at += PackSizeBytes)
        {
            packs[pack].Session.WriteTo(output[(at + SessionAt)..]);
            BinaryPrimitives.WriteUInt32LittleEndian(output[(at + NumberAt)..], packs[pack].Number);
        }

        Span<uint> ends = stackalloc uint[FormatLimits.FanOut];
        ends.Clear();
        for (int index = 0; index < children.Length; index++)
        {
            if (places[index].IsUnknown && !children[index].IsZero)
            {
                output[at++] = UnknownPack;
            }
            else if (!children[index].IsZero)
            {
                at += WritePlace(places[index], packIndexes[index], ref ends[packIndexes[index]], output[at..]);
            }
        }

        return at;
    }

    /// <param name="children">Of the node; those that are zero have no place.</param>
    /// <param name="places">One for each child; all unknown.</param>
    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/map-node.md.</exception>
    public static void Read(
        ReadOnlySpan<byte> hints, PackKind kind, ReadOnlySpan<Digest> children, Span<RecordPlace> places)
    {
        int packCount = Take(ref hints, sizeof(byte))[0];
        Corrupt.Unless(packCount <= FormatLimits.FanOut, "map node: pack count");
        Span<PackName> packs = stackalloc PackName[FormatLimits.FanOut];
        ReadPacks(Take(ref hints, packCount * PackSizeBytes), kind, packs[..packCount]);
        Span<uint> ends = stackalloc uint[FormatLimits.FanOut];
        ends.Clear();
        int usedCount = 0;
        for (int index = 0; index < children.Length; index++)
        {
            if (!children[index].IsZero)
            {
                places[index] = ReadPlace(ref hints, packs[..packCount], ends, ref usedCount);
            }
        }

        Corrupt.Unless(usedCount == packCount, "map node: a pack that no child lies in");
        Corrupt.Unless(hints.IsEmpty, "map node: length");
    }

    /// <summary>The packs the places name, each once, in the order of the first child that lies in it.</summary>
    private static int CollectPacks(ReadOnlySpan<RecordPlace> places, Span<PackName> packs, Span<int> packIndexes)
    {
        int packCount = 0;
        for (int index = 0; index < places.Length; index++)
        {
            if (places[index].IsUnknown)
            {
                continue;
            }

            int pack = packs[..packCount].IndexOf(places[index].Pack);
            if (pack < 0)
            {
                pack = packCount++;
                packs[pack] = places[index].Pack;
            }

            packIndexes[index] = pack;
        }

        return packCount;
    }

    private static int WritePlace(in RecordPlace place, int pack, ref uint endBytes, Span<byte> output)
    {
        bool isFollowing = place.OffsetBytes == endBytes;
        int lengthSize = SizeOf(place.LengthBytes);
        output[FormAt] = (byte)(pack | (isFollowing ? Follows : 0) | ((lengthSize - 1) << LengthSizeBit));
        int at = RestAt;
        if (!isFollowing)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(output[at..], place.OffsetBytes);
            at += sizeof(uint);
        }

        Span<byte> length = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(length, place.LengthBytes);
        length[..lengthSize].CopyTo(output[at..]);
        endBytes = place.OffsetBytes + place.LengthBytes;
        return at + lengthSize;
    }

    /// <summary>The bytes that a length takes without those that are zero.</summary>
    private static int SizeOf(uint lengthBytes) => lengthBytes switch
    {
        <= byte.MaxValue => 1,
        <= ushort.MaxValue => 2,
        < 1 << 24 => 3,
        _ => sizeof(uint),
    };

    private static void ReadPacks(ReadOnlySpan<byte> bytes, PackKind kind, Span<PackName> packs)
    {
        for (int pack = 0; pack < packs.Length; pack++, bytes = bytes[PackSizeBytes..])
        {
            packs[pack] = new PackName(
                kind,
                new SessionId(bytes.Slice(SessionAt, SessionId.SizeBytes)),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[NumberAt..]));
            Corrupt.Unless(!packs[..pack].Contains(packs[pack]), "map node: a pack named twice");
        }
    }

    private static RecordPlace ReadPlace(
        ref ReadOnlySpan<byte> hints, scoped ReadOnlySpan<PackName> packs, scoped Span<uint> ends,
        scoped ref int usedCount)
    {
        int form = Take(ref hints, sizeof(byte))[0];
        int pack = form & PackMask;
        if (pack == UnknownPack)
        {
            Corrupt.Unless(form == UnknownPack, "map node: a place in no pack");
            return default;
        }

        Corrupt.Unless(pack < packs.Length, "map node: pack index");
        Corrupt.Unless(pack <= usedCount, "map node: order of the packs");
        usedCount = Math.Max(usedCount, pack + 1);
        uint offsetBytes = ends[pack];
        if ((form & Follows) == 0)
        {
            offsetBytes = BinaryPrimitives.ReadUInt32LittleEndian(Take(ref hints, sizeof(uint)));
            Corrupt.Unless(offsetBytes != ends[pack], "map node: an offset where none is needed");
        }

        uint lengthBytes = ReadLength(ref hints, (form >> LengthSizeBit) + 1);
        RecordPlace place = new(packs[pack], offsetBytes, lengthBytes);
        Corrupt.Unless(StoredPlace.IsPossible(place), "map node: no record can lie there");
        ends[pack] = offsetBytes + lengthBytes;
        return place;
    }

    private static uint ReadLength(ref ReadOnlySpan<byte> hints, int sizeBytes)
    {
        Span<byte> length = stackalloc byte[sizeof(uint)];
        length.Clear();
        Take(ref hints, sizeBytes).CopyTo(length);
        uint lengthBytes = BinaryPrimitives.ReadUInt32LittleEndian(length);
        Corrupt.Unless(SizeOf(lengthBytes) == sizeBytes, "map node: size of a record's length");
        return lengthBytes;
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int lengthBytes)
    {
        Corrupt.Unless(bytes.Length >= lengthBytes, "map node: length");
        ReadOnlySpan<byte> taken = bytes[..lengthBytes];
        bytes = bytes[lengthBytes..];
        return taken;
    }
}
