using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Format.Rotation;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Maintenance.Rotation;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>What a repository holds, in numbers. Bytes in files count every copy.</summary>
public sealed record RepositoryStatistics
{
    public required int PointCount { get; init; }

    public required int VmCount { get; init; }

    /// <summary>What all points restore to: the sum of their disks' sizes.</summary>
    public required long VirtualBytes { get; init; }

    /// <summary>The same without zeros: what would be stored without deduplication and compression.</summary>
    public required long LogicalBytes { get; init; }

    /// <summary>Records of chunk packs.</summary>
    public long ChunkCount => WholeRecordCount + DeltaRecordCount;

    /// <summary>Records that hold pages: all of a chunk's, or those of it that stood nowhere yet.</summary>
    public long WholeRecordCount { get; private set; }

    /// <summary>Recipes of chunks whose pages stand in whole records.</summary>
    public long DeltaRecordCount { get; private set; }

    /// <summary>Bytes of the pages that are stored, all of them literally, before compression.</summary>
    public long LiteralBytes { get; private set; }

    /// <summary>Bytes of the recipes' records.</summary>
    public long DeltaRecordBytes { get; private set; }

    /// <summary>Bytes of all records of chunk packs.</summary>
    public long ChunkRecordBytes { get; private set; }

    public long ChunkPackCount { get; private set; }

    public long MapPackCount { get; private set; }

    public long ChunkPackFileBytes { get; private set; }

    /// <summary>Of map packs, both copies.</summary>
    public long MapPackFileBytes { get; private set; }

    /// <summary>Packs whose footer could not be read: 'verify' says more.</summary>
    public long DamagedPackCount { get; private set; }

    /// <summary>Places of packs that damage notes name.</summary>
    public int NotedCount { get; init; }

    /// <summary>Of this host's chunk index; null where none is saved.</summary>
    public IndexStatistics? Index { get; init; }

    /// <summary>How much of the chunk packs parity protects.</summary>
    public required ParityShares Parity { get; init; }

    /// <summary>What of the packs was verified when.</summary>
    public required VerifiedShares Verified { get; init; }

    internal static async Task<RepositoryStatistics> MeasureAsync(
        IBlobStore store, RepositoryId repository, IReadOnlyList<RestorePoint> points, DateTimeOffset now,
        CancellationToken token)
    {
        List<StoredNote> notes = await new VerifiedNotes(store, repository).ReadAllAsync(token);
        VerifiedTally verified = new(NoteMerge.Of([.. notes.Select(note => note.Note).OfType<VerifiedNote>()]), now);
        RepositoryStatistics statistics = new()
        {
            PointCount = points.Count,
            VmCount = points.Select(point => point.VmIdentity).Distinct(StringComparer.OrdinalIgnoreCase).Count(),
            VirtualBytes = points.Sum(point => point.Disks.Sum(disk => disk.VirtualSizeBytes)),
            LogicalBytes = points.Sum(point =>
                point.Disks.Sum(disk => disk.Statistics.ChunksNonZero * disk.ChunkSizeBytes)),
            Parity = await ParityShares.MeasureAsync(store, repository, token),
            Verified = verified.ToShares(),
        };
        await foreach (BlobName name in store.ListAsync(FileNames.ChunkPackFolder, token))
        {
            await statistics.AddChunkPackAsync(store, repository, name, verified, token);
        }

        foreach (string folder in (string[])
            [FileNames.MapPackFolder, FileNames.MirrorFolder + FileNames.MapPackFolder])
        {
            await foreach (BlobName name in store.ListAsync(folder, token))
            {
                statistics.MapPackCount += folder == FileNames.MapPackFolder ? 1 : 0;
                long lengthBytes = await store.TryGetLengthAsync(name, token) ?? 0;
                statistics.MapPackFileBytes += lengthBytes;
                int prefix = folder.Length - FileNames.MapPackFolder.Length;
                if (PackName.TryParse(name.Path.AsSpan(prefix), out PackName pack))
                {
                    verified.Add(pack, lengthBytes);
                }
            }
        }

        return statistics with { Verified = verified.ToShares() };
    }

    private async Task AddChunkPackAsync(
        IBlobStore store, RepositoryId repository, BlobName name, VerifiedTally verified, CancellationToken token)
    {
        ChunkPackCount++;
        long lengthBytes = await store.TryGetLengthAsync(name, token) ?? 0;
        ChunkPackFileBytes += lengthBytes;
        bool isPack = PackName.TryParse(name.Path, out PackName packName);
        if (isPack)
        {
            verified.Add(packName, lengthBytes);
        }

        try
        {
            PackFile? pack = isPack
                ? await PackFile.TryOpenAsync(store, repository, packName, name.Path, token)
                : null;
            for (int index = 0; index < (pack?.Table.Count ?? 0); index++)
            {
                PackEntry entry = pack!.Table[index];
                bool isDelta = entry.Type == RecordType.Delta;
                DeltaRecordCount += isDelta ? 1 : 0;
                DeltaRecordBytes += isDelta ? entry.LengthBytes : 0;
                WholeRecordCount += isDelta ? 0 : 1;
                LiteralBytes += isDelta ? 0 : entry.PlainLengthBytes;
                ChunkRecordBytes += entry.LengthBytes;
            }
        }
        catch (PackDamagedException)
        {
            DamagedPackCount++;
        }
    }
}
