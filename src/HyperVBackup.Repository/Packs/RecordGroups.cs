using System.Buffers;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>Records read together: those that lie close to each other are read at once, and all stay at hand until
/// <see cref="Clear"/>. Used again and again; one thread at a time.</summary>
internal sealed class RecordGroups(RecordFinder records)
{
    private const int ReadBytesMax = 4 << 20;

    /// <summary>Reading this much more than is needed costs less than another read.</summary>
    private const int GapBytesMax = 64 << 10;

    private readonly List<Group> groups = [];

    /// <summary>Reads what lies at places and is not at hand yet. What cannot be read is passed over.</summary>
    /// <param name="places">None of them unknown; sorted here.</param>
    public async ValueTask ReadAsync(List<RecordPlace> places, CancellationToken token)
    {
        places.RemoveAll(place => !Find(place).IsEmpty);
        places.Sort(static (left, right) => Compare(left, right));
        for (int first = 0; first < places.Count;)
        {
            (int end, long endBytes) = GroupEnd(places, first);
            await ReadAsync(places[first], endBytes, token);
            first = end;
        }

        groups.Sort(static (left, right) => Compare(left.Start, right.Start));
    }

    /// <returns>The record's bytes, unchecked; empty where they were not read.</returns>
    public ReadOnlySpan<byte> Find(in RecordPlace place)
    {
        int low = 0;
        int high = groups.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = Compare(groups[middle].Start, place) <= 0 ? (middle + 1, high) : (low, middle);
        }

        if (low == 0 || groups[low - 1].Start.Pack != place.Pack)
        {
            return default;
        }

        Group group = groups[low - 1];
        long atBytes = (long)place.OffsetBytes - group.Start.OffsetBytes;
        return atBytes + place.LengthBytes <= group.LengthBytes
            ? group.Bytes.AsSpan((int)atBytes, (int)place.LengthBytes)
            : default;
    }

    /// <summary>Forgets all that was read.</summary>
    public void Clear()
    {
        groups.ForEach(group => ArrayPool<byte>.Shared.Return(group.Bytes));
        groups.Clear();
    }

    private static (int End, long EndBytes) GroupEnd(List<RecordPlace> places, int first)
    {
        RecordPlace start = places[first];
        long endBytes = (long)start.OffsetBytes + start.LengthBytes;
        int end = first + 1;
        while (end < places.Count
            && places[end].Pack == start.Pack
            && places[end].OffsetBytes <= endBytes + GapBytesMax
            && (long)places[end].OffsetBytes + places[end].LengthBytes - start.OffsetBytes <= ReadBytesMax)
        {
            endBytes = Math.Max(endBytes, (long)places[end].OffsetBytes + places[end].LengthBytes);
            end++;
        }

        return (end, endBytes);
    }

    private async ValueTask ReadAsync(RecordPlace start, long endBytes, CancellationToken token)
    {
        int lengthBytes = checked((int)(endBytes - start.OffsetBytes));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(lengthBytes);
        int? read = null;
        try
        {
            read = await records.TryReadAsync(
                new BlobName(start.Pack.BlobName), start.OffsetBytes, buffer.AsMemory(0, lengthBytes), token);
        }
        finally
        {
            if (read is int count)
            {
                groups.Add(new Group(start, buffer, count));
            }
            else
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private static int Compare(in RecordPlace left, in RecordPlace right)
    {
        int order = left.Pack.Session.CompareTo(right.Pack.Session);
        order = order != 0 ? order : left.Pack.Number.CompareTo(right.Pack.Number);
        return order != 0 ? order : left.OffsetBytes.CompareTo(right.OffsetBytes);
    }

    /// <summary>Bytes of a pack from the first record's place on.</summary>
    private readonly record struct Group(RecordPlace Start, byte[] Bytes, int LengthBytes);
}
