using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Finds where chunks and nodes stand on disks, level by level as <see cref="Marking"/> does. Used once.
/// </summary>
internal sealed class DiskPositions(Stock stock, Workshop workshop) : IDisposable
{
    private const int LevelBits = 56;
    private readonly NamesReader names = new(stock.Facts);

    public Sorter<DiskPosition> Chunks { get; } = workshop.NewSorter<DiskPosition>();

    /// <summary>Those of one level lie together, the upper levels first.</summary>
    public Sorter<DiskPosition> Nodes { get; } = workshop.NewSorter<DiskPosition>();

    /// <param name="tops">Of disks, in the order that counts.</param>
    public void Find(IReadOnlyList<(int Level, NodeId Id)> tops, CancellationToken token)
    {
        Sorter<DiskPosition> nodes = workshop.NewSorter<DiskPosition>();
        for (int level = FormatLimits.LevelMax; level > 0; level--)
        {
            for (int disk = 0; disk < tops.Count; disk++)
            {
                if (tops[disk].Level == level)
                {
                    nodes.Add(new DiskPosition(tops[disk].Id.Value, disk, 0));
                }
            }

            Sorter<DiskPosition> children = level == 1 ? Chunks : workshop.NewSorter<DiskPosition>();
            using (nodes)
            {
                Descend(nodes, level, children, token);
            }

            nodes = children;
        }
    }

    public void Dispose()
    {
        Chunks.Dispose();
        Nodes.Dispose();
    }

    private void Descend(
        Sorter<DiskPosition> nodes, int level, Sorter<DiskPosition> children, CancellationToken token)
    {
        if (nodes.IsEmpty)
        {
            return;
        }

        using Sorter<PositionedNames> places = workshop.NewSorter<PositionedNames>();
        using IEnumerator<StoredRecord> next = stock.Maps.Read().GetEnumerator();
        bool hasNext = next.MoveNext();
        foreach (DiskPosition node in nodes.Read())
        {
            token.ThrowIfCancellationRequested();
            long rank = (long)(FormatLimits.LevelMax - level) << LevelBits;
            Nodes.Add(node with { Index = rank | node.Index });
            while (hasNext && IsBefore(next.Current, node.Id))
            {
                hasNext = next.MoveNext();
            }

            if (hasNext && next.Current.Id == node.Id)
            {
                NamesPlace place = new(next.Current.NamesAtBytes, next.Current.NamesLengthBytes, node.Id);
                places.Add(new PositionedNames(place, node.Disk, node.Index));
            }
        }

        foreach (PositionedNames place in places.Read())
        {
            AddChildren(place, level, children);
        }
    }

    private static bool IsBefore(in StoredRecord record, Digest id)
    {
        int order = record.Id.CompareTo(id);
        return order < 0 || (order == 0 && record.Type != RecordType.Node);
    }

    private void AddChildren(in PositionedNames node, int level, Sorter<DiskPosition> children)
    {
        ReadOnlySpan<byte> hashed = names.Read(node.Names);
        ReadOnlySpan<byte> ids = MapNode.ChildrenOf(hashed, level);
        ushort bitmap = MapNode.BitmapOf(hashed);
        for (int slot = 0; slot < TreeShape.FanOut; slot++)
        {
            if ((bitmap >> slot & 1) != 0)
            {
                children.Add(new DiskPosition(
                    new Digest(ids[..Digest.SizeBytes]), node.Disk, (node.Index * TreeShape.FanOut) + slot));
                ids = ids[Digest.SizeBytes..];
            }
        }
    }
}
