using System.Buffers;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>Records read together: those that lie close to each other are read at once, and all stay at hand until
/// <see cref="Clear"/>. Used again and again; one thread at a time.</summary>
internal sealed class RecordGroups(RecordFinder records)
{
    private readonly List<Group> groups = [];
    private readonly List<PlannedRead> reads = [];

    /// <summary>Reads what lies at places and is not at hand yet. What cannot be read is passed over.</summary>
    /// <param name="places">None of them unknown; sorted here.</param>
    public async ValueTask ReadAsync(List<RecordPlace> places, CancellationToken token)
    {
        places.RemoveAll(place => !Find(place).IsEmpty);
        reads.Clear();
        PlannedRead.Plan(places, reads);
        foreach (PlannedRead read in reads)
        {
            await ReadAsync(read, token);
        }

        groups.Sort(static (left, right) => PlannedRead.Compare(left.Start, right.Start));
    }

    /// <returns>The record's bytes, unchecked; empty where they were not read.</returns>
    public ReadOnlySpan<byte> Find(in RecordPlace place)
    {
        int low = 0;
        int high = groups.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = PlannedRead.Compare(groups[middle].Start, place) <= 0 ? (middle + 1, high) : (low, middle);
        }

        // Reads may overlap: a later one reaches over what an earlier one got.
        for (int index = low - 1; index >= 0 && groups[index].Start.Pack == place.Pack; index--)
        {
            Group group = groups[index];
            long atBytes = (long)place.OffsetBytes - group.Start.OffsetBytes;
            if (atBytes + place.LengthBytes <= group.LengthBytes)
            {
                return group.Bytes.AsSpan((int)atBytes, (int)place.LengthBytes);
            }
        }

        return default;
    }

    /// <summary>Forgets all that was read.</summary>
    public void Clear()
    {
        groups.ForEach(group => ArrayPool<byte>.Shared.Return(group.Bytes));
        groups.Clear();
    }

    private async ValueTask ReadAsync(PlannedRead planned, CancellationToken token)
    {
        (RecordPlace start, int lengthBytes) = (planned.Start, planned.LengthBytes);
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

    /// <summary>Bytes of a pack from the first record's place on.</summary>
    private readonly record struct Group(RecordPlace Start, byte[] Bytes, int LengthBytes);
}
