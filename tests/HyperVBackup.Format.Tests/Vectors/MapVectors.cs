using System.Text;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Vectors of map nodes and lists, as plain bodies.</summary>
internal static class MapVectors
{
    public static void Add(VectorSet.Good good, VectorSet.Bad bad)
    {
        Sample sample = new(5);
        AddNodes(good, bad, sample);
        AddChangeLists(good, bad, sample);
        AddRangeLists(good, bad, sample);
        AddHeads(good, bad, sample);
        AddConfigurationFiles(good, bad);
    }

    private static void AddNodes(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        const string Of = Structures.MapNode;
        MapNode full = new(FormatLimits.LevelMax);
        for (int index = 0; index < FormatLimits.FanOut; index++)
        {
            RecordPlace place = new(sample.Pack(PackKind.Maps), 144, 100);
            full.SetChild(index, sample.Digest(), place);
        }

        good.Add(Of, "full", Write(full));
        MapNode one = new(1);
        one.SetChild(15, sample.Digest(), default);
        good.Add(Of, "one-child-of-unknown-place", Write(one));
        PackName[] packs = [sample.Pack(PackKind.Chunks), sample.Pack(PackKind.Chunks)];
        one.SetChild(0, sample.Digest(), new RecordPlace(packs[0], 144, 100));
        one.SetChild(7, sample.Digest(), new RecordPlace(packs[1], 1000, 4000));
        one.SetChild(8, sample.Digest(), new RecordPlace(packs[0], 244, 100));
        AddBadNodes(bad, good.Add(Of, "two-packs", Write(one)));
    }

    private static void AddBadNodes(VectorSet.Bad bad, byte[] node)
    {
        const string Of = Structures.MapNode;
        int hintsAt = MapNode.ChildrenAt + (4 * Digest.SizeBytes);
        int firstAt = hintsAt + 1 + (2 * NodeHints.PackSizeBytes);
        int secondAt = firstAt + NodeHints.RestAt + sizeof(uint) + 1;
        int thirdAt = secondAt + NodeHints.RestAt + sizeof(uint) + 2;
        int lastAt = thirdAt + NodeHints.RestAt + 1;
        bad.Add(Of, "level-0", "map node: level", node, MapNode.LevelAt, 0);
        bad.Add(Of, "level-9", "map node: level", node, MapNode.LevelAt, 9);
        bad.Add(Of, "reserved", "map node: reserved", node, MapNode.ReservedAt, 1);
        bad.Add(Of, "one-child-more", "map node: ", node, MapNode.BitmapAt, 0x83);
        bad.Add(Of, "no-child", "map node: no child", [1, 0, 0, 0, 0]);
        bad.Add(Of, "three-bytes", "map node: length", node[..3]);
        bad.Add(Of, "longer", "map node: length", [.. node, 0]);
        bad.Add(Of, "shorter", "map node: length", node[..^1]);
        bad.Add(Of, "without-hints", "map node: length", node[..hintsAt]);
        bad.Add(Of, "pack-count", "map node: pack count", node, hintsAt, 17);
        bad.Add(Of, "pack-index", "map node: pack index", node, firstAt, 2);
        bad.Add(Of, "place-in-no-pack", "map node: a place in no pack", node, lastAt, 31 + 32);
        bad.Add(Of, "offset-in-header", "map node: no record can lie", node, firstAt + NodeHints.RestAt, 143);
        bad.Add(Of, "length-of-header", "map node: no record can lie", node, secondAt - 1, 72);
        byte[] followsNothing = [.. node[..firstAt], 32, .. node[(secondAt - 1)..]];
        bad.Add(Of, "follows-nothing", "map node: no record can lie", followsNothing);
        byte[] withOffset = [.. node[..thirdAt], 0, 244, 0, 0, 0, .. node[(thirdAt + 1)..]];
        bad.Add(Of, "offset-not-needed", "map node: an offset where none is needed", withOffset);
        byte[] longLength = [.. node[..thirdAt], 32 + 64, 100, 0, .. node[lastAt..]];
        bad.Add(Of, "length-with-a-zero", "map node: size of a record's length", longLength);
        bad.Add(Of, "pack-not-used", "map node: a pack that no child lies in", node, secondAt, 64);
        byte[] swapped = [.. node];
        (swapped[firstAt], swapped[secondAt]) = (1, 64);
        bad.Add(Of, "pack-order", "map node: order of the packs", swapped);
        byte[] twice = [.. node];
        twice.AsSpan(hintsAt + 1, NodeHints.PackSizeBytes).CopyTo(twice.AsSpan(hintsAt + 1 + NodeHints.PackSizeBytes));
        bad.Add(Of, "pack-twice", "map node: a pack named twice", twice);
        byte[] zeroChild = [.. node];
        zeroChild.AsSpan(MapNode.ChildrenAt, Digest.SizeBytes).Clear();
        bad.Add(Of, "zero-child", "map node: a named child is zero", zeroChild);
    }

    private static void AddChangeLists(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        const string Of = Structures.ChangeList;
        good.Add(Of, "runs", ChangeListSegment.Write(sample.Changes(9)));
        ChangedChunk last = new(FormatLimits.ChunkCountMax - 1, default);
        byte[] end = good.Add(Of, "last-chunk", ChangeListSegment.Write([last]));
        byte[] two = good.Add(Of, "two-runs", ChangeListSegment.Write([new(5, default), new(7, default)]));
        int runAt = ListHeader.SizeBytes;
        int secondAt = runAt + ChangeListSegment.RunIdsAt + Digest.SizeBytes;
        bad.Add(Of, "kind", "change list: kind is", two, ListHeader.KindAt, 2);
        bad.Add(Of, "segment-kind", "change list: kind of the segments", two, ListHeader.SegmentKindAt, 1);
        bad.Add(Of, "reserved", "change list: reserved", two, ListHeader.ReservedAt, 1);
        bad.Add(Of, "no-entries", "change list: entry count", two, ListHeader.EntryCountAt, 0);
        bad.Add(Of, "too-many-entries", "change list: entry count", two, ListHeader.EntryCountAt + 2, 1);
        bad.Add(Of, "fewer-entries", "change list: bytes after the last field", two, ListHeader.EntryCountAt, 1);
        bad.Add(Of, "more-entries", "change list: chunk index: the body ends", two, ListHeader.EntryCountAt, 3);
        bad.Add(Of, "empty-run", "change list: run length", two, runAt + ChangeListSegment.RunCountAt, 0);
        bad.Add(Of, "run-too-long", "change list: run length", two, runAt + ChangeListSegment.RunCountAt, 3);
        bad.Add(Of, "runs-touch", "change list: runs overlap, touch", two, secondAt, 6);
        bad.Add(Of, "runs-overlap", "change list: runs overlap", two, secondAt, 5);
        bad.Add(Of, "runs-out-of-order", "change list: runs overlap", two, secondAt, 1);
        bad.Add(Of, "past-any-disk", "change list: chunk index", end, runAt + sizeof(uint), 1);
        bad.Add(Of, "negative-index", "change list: chunk index", end, runAt + 7, 0x80);
        bad.Add(Of, "longer", "change list: bytes after the last field", [.. two, 0]);
    }

    private static void AddRangeLists(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        const string Of = Structures.RangeList;
        good.Add(Of, "reported", RangeListSegment.Write(ListKind.ReportedRanges, sample.Ranges(7)));
        ListedRange whole = new(0, FormatLimits.VirtualSizeMaxBytes);
        byte[] largest = good.Add(Of, "largest", RangeListSegment.Write(ListKind.AuditedRanges, [whole]));
        byte[] two = good.Add(Of, "touching", RangeListSegment.Write(ListKind.AuditedRanges, [new(5, 2), new(7, 2)]));
        int secondAt = ListHeader.SizeBytes + RangeListSegment.RangeSizeBytes;
        int lengthAt = secondAt + RangeListSegment.RangeLengthAt;
        const string Complaint = "range list: a range is empty, out of order or past the end";
        bad.Add(Of, "kind", "range list: kind", two, ListHeader.KindAt, 1);
        bad.Add(Of, "overlap", Complaint, two, secondAt, 6);
        bad.Add(Of, "empty-range", Complaint, two, lengthAt, 0);
        bad.Add(Of, "past-the-end", Complaint, largest, ListHeader.SizeBytes, 1);
        bad.Add(Of, "length-overflow", "range list: length", two, lengthAt + 7, 0x7F);
        bad.Add(Of, "negative-start", "range list: start", two, secondAt + 7, 0x80);
        bad.Add(Of, "shorter", "range list: length", two[..^1]);
        bad.Add(Of, "longer", "range list: length", [.. two, 0]);
        bad.Add(Of, "empty", "range list: kind", []);
    }

    private static void AddHeads(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        const string Of = Structures.ListHead;
        byte[] head = good.Add(Of, "changes", ListHead.Write(ListKind.Changes, sample.Segments(3)));
        good.Add(Of, "audited", ListHead.Write(ListKind.AuditedRanges, sample.Segments(1)));
        int secondAt = ListHeader.SizeBytes + ListHead.SegmentSizeBytes;
        const string Complaint = "list head: a segment makes no sense or is out of order";
        byte[] sameKey = [.. head];
        Span<byte> secondKey = sameKey.AsSpan(secondAt + ListHead.FirstKeyAt);
        head.AsSpan(ListHeader.SizeBytes + ListHead.FirstKeyAt, sizeof(ulong)).CopyTo(secondKey);
        bad.Add(Of, "order", Complaint, sameKey);
        byte[] zeroId = [.. head];
        zeroId.AsSpan(secondAt, Digest.SizeBytes).Clear();
        bad.Add(Of, "zero-id", Complaint, zeroId);
        byte[] noEntries = [.. head];
        noEntries.AsSpan(secondAt + ListHead.EntryCountAt, sizeof(uint)).Clear();
        bad.Add(Of, "no-entries-in-a-segment", Complaint, noEntries);
        int entriesAt = secondAt + ListHead.EntryCountAt + 2;
        bad.Add(Of, "entries-of-a-segment", "list head: entries of a segment", head, entriesAt, 1);
        bad.Add(Of, "reserved", "list head: reserved", head, secondAt + ListHead.ReservedAt, 1);
        byte[] place = [.. head];
        place.AsSpan(secondAt + ListHead.PlaceAt, StoredPlace.SizeBytes).Clear();
        place[secondAt + ListHead.PlaceAt] = 1;
        bad.Add(Of, "half-a-place", "place: no record can lie there", place);
        bad.Add(Of, "head-of-files", "list head: kind of the segments", Changed(head, ListHeader.SegmentKindAt, 1, 4));
        bad.Add(Of, "longer", "list head: length", [.. head, 0]);
    }

    private static void AddConfigurationFiles(VectorSet.Good good, VectorSet.Bad bad)
    {
        const string Of = Structures.ConfigurationFile;
        byte[] file = new ConfigurationFile("a/Größe.vmcx", Encoding.UTF8.GetBytes("<configuration/>")).Write();
        good.Add(Of, "small", file);
        good.Add(Of, "empty", new ConfigurationFile("empty", default).Write());
        bad.Add(Of, "two-entries", "configuration file: entry count", file, ListHeader.EntryCountAt, 2);
        bad.Add(Of, "name-length", "configuration file: name: length", file, ListHeader.SizeBytes + 1, 5);
        bad.Add(Of, "name-not-utf-8", "configuration file: name: not UTF-8", file, ListHeader.SizeBytes + 2, 0xFF);
        bad.Add(Of, "no-name", "configuration file: name", new ConfigurationFile("x", default).Write()
            is byte[] bytes ? [.. bytes[..8], 0, 0, .. bytes[11..]] : []);
        bad.Add(Of, "shorter", "configuration file: content: the body ends", file[..^1]);
        bad.Add(Of, "longer", "configuration file: bytes after", [.. file, 0]);
    }

    private static byte[] Write(MapNode node)
    {
        byte[] bytes = new byte[MapNode.SizeMaxBytes];
        return bytes[..node.WriteTo(bytes)];
    }

    private static byte[] Changed(byte[] bytes, int at, byte from, byte to)
    {
        byte[] changed = [.. bytes];
        Invariant.Check(changed[at] == from);
        changed[at] = to;
        return changed;
    }
}
