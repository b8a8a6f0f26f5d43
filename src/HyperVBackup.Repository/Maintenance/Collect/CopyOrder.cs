using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Puts records that are to be copied into the order of the disks they are on, so that these are read from end
/// to end; what is on none keeps the order it has.</summary>
internal static class CopyOrder
{
    /// <param name="live">The records, of chunks or of maps.</param>
    /// <param name="positions">Of chunks or of nodes.</param>
    public static Sorter<OrderedRecord> Of(
        Sorter<StoredRecord> live, Sorter<DiskPosition> positions, FactsFile facts, Workshop workshop,
        CancellationToken token)
    {
        using Sorter<DiskPosition> ofSources = workshop.NewSorter<DiskPosition>();
        byte[] named = new byte[FormatLimits.RecipeSourceCountMax * Digest.SizeBytes];
        foreach ((StoredRecord record, DiskPosition? position) in Join(live, positions, token))
        {
            if (record.Type == RecordType.Delta && position is { } at)
            {
                facts.Read(record.NamesAtBytes, named.AsSpan(0, record.NamesLengthBytes));
                for (int name = 0; name < record.NamesLengthBytes; name += Digest.SizeBytes)
                {
                    ofSources.Add(at with { Id = new Digest(named.AsSpan(name, Digest.SizeBytes)) });
                }
            }
        }

        foreach (DiskPosition position in positions.Read())
        {
            ofSources.Add(position);
        }

        Sorter<OrderedRecord> ordered = workshop.NewSorter<OrderedRecord>();
        foreach ((StoredRecord record, DiskPosition? position) in Join(live, ofSources, token))
        {
            bool isRecipe = record.Type == RecordType.Delta;
            ordered.Add(position is { } at
                ? new OrderedRecord(at.Disk, at.Index, isRecipe, record)
                : new OrderedRecord(int.MaxValue, 0, false, record));
        }

        return ordered;
    }

    /// <summary>Each record with its first position.</summary>
    private static IEnumerable<(StoredRecord Record, DiskPosition? Position)> Join(
        Sorter<StoredRecord> live, Sorter<DiskPosition> positions, CancellationToken token)
    {
        using IEnumerator<DiskPosition> next = positions.Read().GetEnumerator();
        bool hasNext = next.MoveNext();
        foreach (StoredRecord record in live.Read())
        {
            token.ThrowIfCancellationRequested();
            while (hasNext && next.Current.Id.CompareTo(record.Id) < 0)
            {
                hasNext = next.MoveNext();
            }

            yield return (record, hasNext && next.Current.Id == record.Id ? next.Current : null);
        }
    }
}
