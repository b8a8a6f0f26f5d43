using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// Copies what is needed of some packs into new ones, so that a collection can take the old ones (X1, X2). It deletes
/// nothing and commits nothing: broken off, it leaves copies. Its lease keeps the sources readable; at the end a fence
/// stands at its own name, by which all hosts learn that its packs are there to stay. Used once.
/// </summary>
internal sealed class Repacking(
    CollectionStore store, PackUses uses, Workshop workshop, RepositorySettings settings,
    IProgress<CollectProgress> progress)
{
    private uint firstNumber;

    /// <summary>Bytes of records copied.</summary>
    public long CopiedBytes { get; private set; }

    /// <summary>Places of records that are not good; they were left.</summary>
    public List<(PackName Pack, uint OffsetBytes)> Damaged { get; } = [];

    /// <summary>The session that copies; null before it began.</summary>
    public SessionId? Session { get; private set; }

    /// <param name="tops">Of the disks whose order the new packs are to have.</param>
    public async Task RunAsync(
        Stock stock, NeededIds needed, PackUse use, IReadOnlyList<(int Level, NodeId Id)> tops,
        CancellationToken token)
    {
        RepackSession session = await RepackSession.OpenAsync(store, token);
        Session = session.Id;
        try
        {
            await RunAsync(session, stock, needed, use, tops, token);
        }
        catch (StoreException) when (!token.IsCancellationRequested)
        {
            // Another collector may have lost patience, and cleaned up what was being written.
            if (!await session.IsGivenUpAsync())
            {
                throw;
            }
        }
        finally
        {
            await session.EndAsync();
        }
    }

    private async Task RunAsync(
        RepackSession session, Stock stock, NeededIds needed, PackUse use,
        IReadOnlyList<(int Level, NodeId Id)> tops, CancellationToken token)
    {
        using Sorter<StoredRecord> chunks = workshop.NewSorter<StoredRecord>();
        using Sorter<StoredRecord> maps = workshop.NewSorter<StoredRecord>();
        PackSet packs = stock.Packs;
        bool[] isSource = [.. packs.Names.Select(pack =>
            use.ToRepack.Contains(pack) && !session.Absent.Contains(pack))];
        new CopyChoice(stock, needed, use.Ranks, workshop).Run(
            record =>
            {
                if (isSource[record.Pack])
                {
                    (packs.Names[record.Pack].Kind == PackKind.Chunks ? chunks : maps).Add(record);
                }
            },
            token);
        firstNumber = PackGeneration.FirstNumberAfter(use.ToRepack);
        using DiskPositions positions = new(stock, workshop);
        positions.Find(tops, token);
        await CopyAsync(stock, PackKind.Chunks, chunks, positions.Chunks, session.Id, use.LiveBytes, token);
        await CopyAsync(stock, PackKind.Maps, maps, positions.Nodes, session.Id, use.LiveBytes, token);
    }

    private async Task CopyAsync(
        Stock stock, PackKind kind, Sorter<StoredRecord> live, Sorter<DiskPosition> positions, SessionId session,
        long totalBytes, CancellationToken token)
    {
        using Sorter<OrderedRecord> ordered = CopyOrder.Of(live, positions, stock.Facts, workshop, token);
        PackName first = new(kind, session, firstNumber);
        await using RecordCopying copying = new(
            store, stock.Packs, first, settings.ChunkSizeBytes, uses.TargetBytes(kind), settings.ParityPercent);
        foreach (OrderedRecord record in ordered.Read())
        {
            token.ThrowIfCancellationRequested();
            await copying.AddAsync(record.Record, token);
            long doneBytes = CopiedBytes + copying.CopiedBytes;
            progress.Report(new CollectProgress("repack", doneBytes, totalBytes, doneBytes));
        }

        await copying.FinishAsync(token);
        CopiedBytes += copying.CopiedBytes;
        foreach (StoredRecord record in copying.Damaged)
        {
            Damaged.Add((stock.Packs.Names[record.Pack], record.OffsetBytes));
        }
    }
}
