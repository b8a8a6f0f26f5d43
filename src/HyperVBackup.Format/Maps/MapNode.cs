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
        ChildrenAt + (FormatLimits.FanOut * Digest.SizeBytes) + NodeHints.SizeMaxBytes;

    public int Level { get; }

    /// <summary>True when no child is named; such a node is never stored, its id is zero.</summary>
    public bool IsEmpty => !children.AsSpan().ContainsAnyExcept(default(Digest));

    /// <summary>Where the children's records lie: chunk packs under level 1, else map packs.</summary>
    public PackKind ChildPackKind => Level == 1 ? PackKind.Chunks : PackKind.Maps;

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

    /// <summary>The children's ids, 32 bytes each, in a hashed part that belongs to its node's id.</summary>
    /// <exception cref="CorruptDataException">The node is of another level.</exception>
    public static ReadOnlySpan<byte> ChildrenOf(ReadOnlySpan<byte> hashedPart, int level)
    {
        Corrupt.Unless(hashedPart.Length > ChildrenAt && hashedPart[LevelAt] == level, "map node: level");
        return hashedPart[ChildrenAt..];
    }

    /// <summary>Which of the 16 children a hashed part names, lowest bit first.</summary>
    public static ushort BitmapOf(ReadOnlySpan<byte> hashedPart) =>
        BinaryPrimitives.ReadUInt16LittleEndian(hashedPart[BitmapAt..]);

    /// <param name="output">At least <see cref="SizeMaxBytes"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    public int WriteTo(Span<byte> output)
    {
        Invariant.Check(!IsEmpty);
        int hashedLength = WriteHashedPart(output);
        return hashedLength + NodeHints.Write(children, places, output[hashedLength..]);
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
        NodeHints.Read(plain[hashed.Length..], node.ChildPackKind, node.children, node.places);
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
}
