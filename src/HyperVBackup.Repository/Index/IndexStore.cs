using FASTER.core;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Index;

/// <summary>FASTER itself, as we use it: one session, blind upserts, reads in batches, fold-over checkpoints of the
/// log. Not thread-safe; any call may throw whatever FASTER throws.</summary>
internal sealed class IndexStore : IDisposable
{
    private readonly LogDevice device;
    private readonly MarkKeeper keeper;
    private readonly FasterKV<IndexKey, StoredPlace> store;
    private readonly PlaceFunctions functions = new();
    private readonly ClientSession<IndexKey, StoredPlace, StoredPlace, StoredPlace, int, PlaceFunctions> session;

    /// <summary>Opens the log at <paramref name="mark"/>, reading what is not settled of it to fill the
    /// hash table.</summary>
    public IndexStore(LogDevice device, IndexSizes sizes, LogMark mark)
    {
        this.device = device;
        keeper = new MarkKeeper(mark.Token, mark.Metadata);
        using FasterKVSettings<IndexKey, StoredPlace> settings = new()
        {
            IndexSize = sizes.HashTableBytes,
            MemorySize = sizes.LogBytes,
            PageSize = IndexSizes.PageBytes,
            LogDevice = device,
            CheckpointManager = keeper,
            EqualityComparer = new IndexKeyComparer(),
            ConcurrencyControlMode = ConcurrencyControlMode.None,
            RemoveOutdatedCheckpoints = false,
        };
        store = new FasterKV<IndexKey, StoredPlace>(settings);
        if (!mark.IsNone)
        {
            store.Recover(Guid.Empty, mark.Token);
        }

        session = store.For(functions).NewSession<PlaceFunctions>();
    }

    /// <summary>FASTER's account of a log that holds nothing before <paramref name="endBytes"/> any more, and ends
    /// there.</summary>
    public static LogMark MarkAt(long endBytes)
    {
        HybridLogRecoveryInfo account = default;
        account.Initialize(new Guid(1, 0, 0, new byte[sizeof(long)]), 1);
        account.nextVersion = 2;
        account.flushedLogicalAddress = endBytes;
        account.snapshotStartFlushedLogicalAddress = endBytes;
        account.startLogicalAddress = endBytes;
        account.finalLogicalAddress = endBytes;
        account.headAddress = endBytes;
        account.beginAddress = endBytes;
        return new LogMark(account.guid, account.ToByteArray(), endBytes);
    }

    /// <summary>Where the entries begin that are found here.</summary>
    public long BeginBytes => store.Log.BeginAddress;

    /// <summary>Where the log ends.</summary>
    public long EndBytes => store.Log.TailAddress;

    /// <summary>Entries from the beginning on, replaced ones included.</summary>
    public long EntryCount => LogEntry.CountBefore(store.Log.TailAddress) - LogEntry.CountBefore(BeginBytes);

    public void Upsert(IndexKey key, StoredPlace place) => session.Upsert(ref key, ref place);

    /// <summary>From now on what lies before <paramref name="beginBytes"/> is not found here any more; the log keeps
    /// it. FASTER reuses the places in its table as it meets them.</summary>
    public void Forget(long beginBytes)
    {
        store.Log.ShiftBeginAddress(beginBytes);
        session.Refresh();
        Corrupt.Unless(BeginBytes == beginBytes, "index log: begin");
    }

    /// <summary>Looks up at most <see cref="PlaceFunctions.BatchCountMax"/> ids. What lies on the disk is asked for in
    /// one go; what does not come back is a fault of FASTER.</summary>
    /// <returns>Valid until the next call; <c>default</c> where nothing is known.</returns>
    public ReadOnlySpan<StoredPlace> Find(ReadOnlySpan<ChunkId> ids)
    {
        bool isPending = false;
        for (int position = 0; position < ids.Length; position++)
        {
            IndexKey key = IndexKey.Of(in ids[position]);
            StoredPlace place = default;
            Status status = session.Read(ref key, ref place, position);
            functions.Batch[position] = status.Found ? place : default;
            isPending |= status.IsPending;
        }

        // The device answers on the calling thread, so nothing is left to wait for after one round.
        if (isPending && !session.CompletePending(wait: false) && !session.CompletePending(wait: false))
        {
            throw new FasterException("A read was not answered.");
        }

        return functions.Batch.AsSpan(0, ids.Length);
    }

    /// <summary>Writes everything to the log file (not yet to the disk).</summary>
    public LogMark Checkpoint()
    {
        long endBytes = store.Log.TailAddress;
        (bool isDone, _) = store.TakeHybridLogCheckpointAsync(CheckpointType.FoldOver)
            .AsTask().GetAwaiter().GetResult();
        bool isWritten = device.FaultCount == 0 && device.WrittenBytes >= endBytes;
        if (!isDone || !isWritten || store.Log.TailAddress != endBytes)
        {
            throw new FasterException("The checkpoint is not complete.");
        }

        return new LogMark(keeper.Token, keeper.Metadata, endBytes);
    }

    public void Dispose()
    {
        session.Dispose();
        store.Dispose();
    }
}
