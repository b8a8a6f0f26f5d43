using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maintenance.Collect;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect.Marks;

/// <summary>Points of disks, lists and files without any repository, and what they reach by the definition: a walk over
/// everything.</summary>
internal sealed class MarkWorld(Random random)
{
    private readonly Dictionary<Digest, byte[]> nodes = [];
    private readonly Dictionary<Digest, Digest[]> lists = [];
    private readonly Dictionary<Digest, int> packOf = [];
    private readonly HashSet<Digest> gone = [];
    private int packCount;

    /// <summary>Those that stand.</summary>
    public List<MarkPoint> Points { get; } = [];

    /// <summary>A point that shares what it likes with others, and has a pack of its own for what is new.</summary>
    public void AddPoint(int chunkCountMax = 400)
    {
        packCount++;
        MarkPoint point = new();
        MarkPoint? parent = Points.Count > 0 ? Points[random.Next(Points.Count)] : null;
        for (int disk = random.Next(1, 4); disk > 0; disk--)
        {
            point.Disks.Add(parent is null || random.Next(6) == 0
                ? NewDisk(chunkCountMax)
                : ChangedDisk(parent.Disks[random.Next(parent.Disks.Count)]));
        }

        foreach (int[] disk in point.Disks)
        {
            point.Tops.Add(Store(disk));
        }

        for (int count = random.Next(3); count > 0; count--)
        {
            Digest[] segments = [.. Enumerable.Range(0, random.Next(4)).Select(_ => StoreList([]))];
            point.Heads.Add(new ListId(StoreList(segments)));
            point.Files.Add(new ListId(StoreList([])));
        }

        Points.Add(point);
    }

    /// <summary>All records into other packs.</summary>
    public void Repack()
    {
        packCount++;
        foreach (Digest id in packOf.Keys.ToList())
        {
            packOf[id] = random.Next(3) == 0 ? packCount : packOf[id];
        }
    }

    /// <summary>Takes away what no point reaches.</summary>
    public void Collect()
    {
        HashSet<Digest> needed = [.. Reached().Maps];
        gone.UnionWith(packOf.Keys.Where(id => !needed.Contains(id)));
    }

    /// <summary>Takes one record away.</summary>
    public void Lose(Digest id) => gone.Add(id);

    public void Find(Digest id) => gone.Remove(id);

    public PointRoots Roots() => new(
        [.. Points.SelectMany(point => point.Tops)],
        [.. Points.SelectMany(point => point.Heads)],
        [.. Points.SelectMany(point => point.Files)]);

    public bool IsNode(Digest id) => nodes.ContainsKey(id);

    public (SortedSet<Digest> Chunks, SortedSet<Digest> Maps) Reached()
    {
        (SortedSet<Digest> chunks, SortedSet<Digest> maps) = ([], []);
        foreach ((int level, NodeId top) in Points.SelectMany(point => point.Tops))
        {
            Walk(top.Value, level, chunks, maps);
        }

        foreach (ListId head in Points.SelectMany(point => point.Heads))
        {
            maps.Add(head.Value);
            maps.UnionWith(lists[head.Value]);
        }

        maps.UnionWith(Points.SelectMany(point => point.Files).Select(file => file.Value));
        return (chunks, maps);
    }

    /// <param name="remembersGone">Whether this host still knows what was in packs that are gone.</param>
    public Stock MakeStock(FactsFile facts, Workshop workshop, bool remembersGone)
    {
        PackName[] packs = [.. Enumerable.Range(0, packCount + 1).Select(NameOf)];
        Stock stock = new(new PackSet(packs), facts, workshop);
        for (int pack = 0; pack <= packCount; pack++)
        {
            Add(stock, facts, pack, packOf.Keys.Where(id => packOf[id] == pack && !gone.Contains(id)), isGone: false);
        }

        if (remembersGone)
        {
            Add(stock, facts, packCount + 1, gone, isGone: true);
        }

        stock.Settle();
        return stock;
    }

    private void Add(Stock stock, FactsFile facts, int pack, IEnumerable<Digest> ids, bool isGone)
    {
        FactsBuilder built = new();
        uint offsetBytes = 144;
        foreach (Digest id in ids)
        {
            RecordType type = nodes.ContainsKey(id) ? RecordType.Node : RecordType.List;
            byte[] named = type == RecordType.Node ? nodes[id] : [.. lists[id].SelectMany(BytesOf)];
            built.Add(new PackEntry(id, offsetBytes, 100, type, Codec.None, 0, 28), named);
            offsetBytes += 100;
        }

        (PackFacts known, IEnumerable<StoredRecord> records) =
            facts.Append(NameOf(pack), 1000, built, isGone ? -1 : pack);
        if (isGone)
        {
            stock.AddGone(records);
        }
        else
        {
            stock.Add(known, records);
        }
    }

    private void Walk(Digest id, int level, SortedSet<Digest> chunks, SortedSet<Digest> maps)
    {
        if (level == 0)
        {
            chunks.Add(id);
        }
        else if (maps.Add(id))
        {
            for (int at = 4; at < nodes[id].Length; at += Digest.SizeBytes)
            {
                Walk(new Digest(nodes[id].AsSpan(at, Digest.SizeBytes)), level - 1, chunks, maps);
            }
        }
    }

    private int[] NewDisk(int chunkCountMax)
    {
        int distinctMax = random.Next(3) == 0 ? 4 : 100_000; // of few, nodes name one child many times
        int[] disk = new int[random.Next(1, random.Next(2) == 0 ? 20 : chunkCountMax)];
        for (int index = 0; index < disk.Length; index++)
        {
            disk[index] = random.Next(10) == 0 ? 0 : random.Next(1, distinctMax);
        }

        disk[0] = 1; // some chunk
        return disk;
    }

    private int[] ChangedDisk(int[] disk)
    {
        int[] changed = random.Next(8) == 0 ? disk[..Math.Max(1, disk.Length / 2)] : [.. disk];
        for (int count = random.Next(4); count > 0; count--)
        {
            changed[random.Next(changed.Length)] = random.Next(1, 100_000);
        }

        return changed;
    }

    private (int Level, NodeId Id) Store(int[] disk)
    {
        Digest[] ids = [.. disk.Select(number => number == 0 ? default : IdOf(number))];
        for (int level = 1; ; level++)
        {
            ids = [.. ids.Chunk(FormatLimits.FanOut).Select(children => StoreNode(level, children))];
            if (ids.Length == 1)
            {
                return (level, new NodeId(ids[0]));
            }
        }
    }

    private Digest StoreNode(int level, Digest[] children)
    {
        MapNode node = new(level);
        for (int index = 0; index < children.Length; index++)
        {
            node.SetChild(index, children[index], default);
        }

        Digest id = node.IdOf(ContentHasher.Plain).Value;
        if (!id.IsZero)
        {
            byte[] plain = new byte[MapNode.SizeMaxBytes];
            node.WriteTo(plain);
            nodes[id] = MapNode.HashedPartOf(plain).ToArray();
            Stored(id);
        }

        return id;
    }

    private Digest StoreList(Digest[] segments)
    {
        Digest id = IdOf(1_000_000 + random.Next(60) + (segments.Length > 0 ? 1000 : 0));
        id = lists.TryGetValue(id, out Digest[]? other) && !other.SequenceEqual(segments)
            ? IdOf(random.Next(2_000_000, int.MaxValue))
            : id;
        lists[id] = segments;
        Stored(id);
        return id;
    }

    private void Stored(Digest id)
    {
        if (gone.Remove(id) || !packOf.ContainsKey(id))
        {
            packOf[id] = packCount;
        }
    }

    private static PackName NameOf(int pack)
    {
        byte[] session = new byte[SessionId.SizeBytes];
        session.AsSpan().Fill(7);
        return new PackName(PackKind.Maps, new SessionId(session), (uint)pack);
    }

    private static Digest IdOf(int number) => ContentHasher.Plain.IdOfList(BitConverter.GetBytes(number)).Value;

    private static byte[] BytesOf(Digest id)
    {
        byte[] bytes = new byte[Digest.SizeBytes];
        id.WriteTo(bytes);
        return bytes;
    }
}
