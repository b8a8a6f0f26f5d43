using System.Buffers.Binary;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Maps;

/// <summary>
/// One node of a disk map, as in repo-format/map-node.md: 16 children, each zero or named, and beside each a hint where
/// its record lies. Only level and children are hashed. Mutable until it is handed on; not thread-safe.
/// </summary>
public sealed class MapNode
{
    internal const int LevelAt = 0;
    internal const int ReservedAt = LevelAt + sizeof(byte);
    internal const int BitmapAt = ReservedAt + sizeof(byte);
    internal const int ChildrenAt = BitmapAt + sizeof(ushort);
    internal const int HintSessionAt = 0;
    internal const int HintNumberAt = HintSessionAt + SessionId.SizeBytes;
    internal const int HintPackSizeBytes = HintNumberAt + sizeof(uint);
    internal const int HintIndexAt = 0;
    internal const int HintOffsetAt = HintIndexAt + sizeof(byte);
    internal const int HintLengthAt = HintOffsetAt + sizeof(uint);
    internal const int HintPlaceSizeBytes = HintLengthAt + sizeof(uint);
    internal const byte UnknownPack = 255;

    private readonly Digest[] children = new Digest[FormatLimits.FanOut];
    private readonly RecordPlace[] places = new RecordPlace[FormatLimits.FanOut];

    /// <param name="level">From 1, whose children are chunks, to 8.</param>
    public MapNode(int level)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(level, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, FormatLimits.LevelMax);
        Level = level;
    }

    /// <summary>The most bytes <see cref="WriteTo"/> writes.</summary>
    public static int SizeMaxBytes =>
        ChildrenAt + sizeof(byte)
        + (FormatLimits.FanOut * (Digest.SizeBytes + HintPackSizeBytes + HintPlaceSizeBytes));

    public int Level { get; }

    /// <summary>True when no child is named; such a node is never stored, its id is zero.</summary>
    public bool IsEmpty => !children.AsSpan().ContainsAnyExcept(default(Digest));

    /// <summary>Where the children's records lie: chunk packs under level 1, else map packs.</summary>
    public PackKind ChildPackKind => Level == 1 ? PackKind.Chunks : PackKind.Maps;

    private int ChildCount => FormatLimits.FanOut - children.AsSpan().Count(default(Digest));

    /// <summary>The id of a chunk under level 1, else of a node; zero for zeros.</summary>
    public Digest GetChild(int index) => children[index];

    /// <summary>Where the child's record was when this node was written; <c>default</c> where not known.</summary>
    public RecordPlace GetPlace(int index) => places[index];

    /// <param name="place">A hint; <c>default</c> where not known, and always for a zero child.</param>
    /// <exception cref="ArgumentException">No record of that kind can lie there.</exception>
    public void SetChild(int index, Digest id, RecordPlace place)
    {
        if (id.IsZero && !place.IsUnknown)
        {
            throw new ArgumentException("A zero child lies nowhere.", nameof(place));
        }

        if (!place.IsUnknown)
        {
            StoredPlace.Require(place, ChildPackKind);
        }

        (children[index], places[index]) = (id, place.IsUnknown ? default : place);
    }

    /// <summary>The node's id; zero when it is empty.</summary>
    public NodeId IdOf(ContentHasher hasher)
    {
        Span<byte> hashed = stackalloc byte[ChildrenAt + (FormatLimits.FanOut * Digest.SizeBytes)];
        return IsEmpty ? default : hasher.IdOfNode(hashed[..WriteHashedPart(hashed)]);
    }

    /// <summary>The part of a stored plain body that its id is derived from.</summary>
    /// <exception cref="CorruptDataException">The bytes are too short to be a node.</exception>
    public static ReadOnlySpan<byte> HashedPartOf(ReadOnlySpan<byte> plain)
    {
        Corrupt.Unless(plain.Length >= ChildrenAt, "map node: length");
        int childCount = ushort.PopCount(BinaryPrimitives.ReadUInt16LittleEndian(plain[BitmapAt..]));
        int lengthBytes = ChildrenAt + (childCount * Digest.SizeBytes);
        Corrupt.Unless(plain.Length >= lengthBytes, "map node: length");
        return plain[..lengthBytes];
    }

    /// <param name="output">At least <see cref="SizeMaxBytes"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    public int WriteTo(Span<byte> output)
    {
        Invariant.Check(!IsEmpty);
        int hashedLength = WriteHashedPart(output);
        return hashedLength + WriteHints(output[hashedLength..]);
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/map-node.md.</exception>
    public static MapNode Read(ReadOnlySpan<byte> plain)
    {
        ReadOnlySpan<byte> hashed = HashedPartOf(plain);
        int level = hashed[LevelAt];
        Corrupt.Unless(level is > 0 and <= FormatLimits.LevelMax, "map node: level");
        Corrupt.Unless(hashed[ReservedAt] == 0, "map node: reserved");
        Corrupt.Unless(hashed.Length > ChildrenAt, "map node: no child");
        MapNode node = new(level);
        node.ReadChildren(hashed);
        node.ReadHints(plain[hashed.Length..]);
        return node;
    }

    private int WriteHashedPart(Span<byte> output)
    {
        int bitmap = 0;
        int lengthBytes = ChildrenAt;
        for (int index = 0; index < FormatLimits.FanOut; index++)
        {
            if (!children[index].IsZero)
            {
                bitmap |= 1 << index;
                children[index].WriteTo(output[lengthBytes..]);
                lengthBytes += Digest.SizeBytes;
            }
        }

        output[LevelAt] = (byte)Level;
        output[ReservedAt] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(output[BitmapAt..], (ushort)bitmap);
        return lengthBytes;
    }

    private int WriteHints(Span<byte> output)
    {
        Span<PackName> packs = stackalloc PackName[FormatLimits.FanOut];
        Span<byte> packIndexes = stackalloc byte[FormatLimits.FanOut];
        int packCount = CollectPacks(packs, packIndexes);
        output[0] = (byte)packCount;
        int at = sizeof(byte);
        for (int pack = 0; pack < packCount; pack++, at += HintPackSizeBytes)
        {
            packs[pack].Session.WriteTo(output[(at + HintSessionAt)..]);
            BinaryPrimitives.WriteUInt32LittleEndian(output[(at + HintNumberAt)..], packs[pack].Number);
        }

        for (int index = 0; index < FormatLimits.FanOut; index++)
        {
            if (!children[index].IsZero)
            {
                output[at + HintIndexAt] = packIndexes[index];
                BinaryPrimitives.WriteUInt32LittleEndian(output[(at + HintOffsetAt)..], places[index].OffsetBytes);
                BinaryPrimitives.WriteUInt32LittleEndian(output[(at + HintLengthAt)..], places[index].LengthBytes);
                at += HintPlaceSizeBytes;
            }
        }

        return at;
    }

    /// <summary>The packs the hints name, each once, in the order of the first child that lies in it.</summary>
    private int CollectPacks(Span<PackName> packs, Span<byte> packIndexes)
    {
        int packCount = 0;
        for (int index = 0; index < FormatLimits.FanOut; index++)
        {
            if (places[index].IsUnknown)
            {
                packIndexes[index] = UnknownPack;
                continue;
            }

            int pack = packs[..packCount].IndexOf(places[index].Pack);
            if (pack < 0)
            {
                pack = packCount++;
                packs[pack] = places[index].Pack;
            }

            packIndexes[index] = (byte)pack;
        }

        return packCount;
    }

    private void ReadChildren(ReadOnlySpan<byte> hashed)
    {
        ushort bitmap = BinaryPrimitives.ReadUInt16LittleEndian(hashed[BitmapAt..]);
        ReadOnlySpan<byte> ids = hashed[ChildrenAt..];
        for (int index = 0; index < FormatLimits.FanOut; index++)
        {
            if ((bitmap >> index & 1) != 0)
            {
                children[index] = new Digest(ids[..Digest.SizeBytes]);
                Corrupt.Unless(!children[index].IsZero, "map node: a named child is zero");
                ids = ids[Digest.SizeBytes..];
            }
        }
    }

    private void ReadHints(ReadOnlySpan<byte> hints)
    {
        Corrupt.Unless(!hints.IsEmpty, "map node: length");
        int packCount = hints[0];
        Corrupt.Unless(packCount <= FormatLimits.FanOut, "map node: pack count");
        ReadOnlySpan<byte> packs = hints[sizeof(byte)..];
        int packsLength = packCount * HintPackSizeBytes;
        Corrupt.Unless(packs.Length == packsLength + (ChildCount * HintPlaceSizeBytes), "map node: length");
        ReadOnlySpan<byte> hintPlaces = packs[packsLength..];
        for (int index = 0; index < FormatLimits.FanOut; index++)
        {
            if (!children[index].IsZero)
            {
                places[index] = ReadPlace(hintPlaces, packs[..packsLength]);
                hintPlaces = hintPlaces[HintPlaceSizeBytes..];
            }
        }

        RequireSamePacks(packs[..packsLength]);
    }

    private RecordPlace ReadPlace(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> packs)
    {
        int pack = bytes[HintIndexAt];
        uint offsetBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes[HintOffsetAt..]);
        uint lengthBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes[HintLengthAt..]);
        if (pack == UnknownPack)
        {
            Corrupt.Unless(offsetBytes == 0 && lengthBytes == 0, "map node: a place in no pack");
            return default;
        }

        Corrupt.Unless(pack < packs.Length / HintPackSizeBytes, "map node: pack index");
        RecordPlace place = new(ReadPack(packs, pack), offsetBytes, lengthBytes);
        Corrupt.Unless(StoredPlace.IsPossible(place), "map node: no record can lie there");
        return place;
    }

    private PackName ReadPack(ReadOnlySpan<byte> packs, int pack)
    {
        ReadOnlySpan<byte> bytes = packs.Slice(pack * HintPackSizeBytes, HintPackSizeBytes);
        uint number = BinaryPrimitives.ReadUInt32LittleEndian(bytes[HintNumberAt..]);
        return new PackName(ChildPackKind, new SessionId(bytes.Slice(HintSessionAt, SessionId.SizeBytes)), number);
    }

    /// <summary>One node has one encoding: the packs named must be those a writer would name, in its order.</summary>
    private void RequireSamePacks(ReadOnlySpan<byte> packs)
    {
        Span<PackName> expected = stackalloc PackName[FormatLimits.FanOut];
        Span<byte> packIndexes = stackalloc byte[FormatLimits.FanOut];
        int packCount = CollectPacks(expected, packIndexes);
        Corrupt.Unless(packCount == packs.Length / HintPackSizeBytes, "map node: a pack that no child lies in");
        for (int pack = 0; pack < packCount; pack++)
        {
            Corrupt.Unless(expected[pack] == ReadPack(packs, pack), "map node: order of the packs");
        }
    }
}
