using FASTER.core;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Index;

/// <summary>FASTER itself, as we use it: one session, blind upserts, reads in batches, fold-over checkpoints of the
/// log. Not thread-safe; any call may throw whatever FASTER throws.</summary>
internal sealed class IndexStore : IDisposable
{
    private readonly LogDevice device;
    private readonly MarkKeeper keeper;
    private readonly FasterKV<ChunkId, StoredPlace> store;
    private readonly PlaceFunctions functions = new();
    private readonly ClientSession<ChunkId, StoredPlace, StoredPlace, StoredPlace, int, PlaceFunctions> session;

    /// <summary>Opens the log at <paramref name="mark"/>, reading all of it to fill the hash table.</summary>
    public IndexStore(LogDevice device, IndexSizes sizes, LogMark mark)
    {
        (this.device, Sizes) = (device, sizes);
        keeper = new MarkKeeper(mark.Token, mark.Metadata);
        using FasterKVSettings<ChunkId, StoredPlace> settings = new()
        {
            IndexSize = sizes.TableBytes,
            MemorySize = sizes.LogBytes,
            PageSize = IndexSizes.PageBytes,
            LogDevice = device,
            CheckpointManager = keeper,
            EqualityComparer = new ChunkIdComparer(),
            ConcurrencyControlMode = ConcurrencyControlMode.None,
            RemoveOutdatedCheckpoints = false,
        };
        store = new FasterKV<ChunkId, StoredPlace>(settings);
        if (!mark.IsNone)
        {
            store.Recover(Guid.Empty, mark.Token);
        }

        session = store.For(functions).NewSession<PlaceFunctions>();
    }

    public IndexSizes Sizes { get; }

    /// <summary>Entries in the log, replaced ones included.</summary>
    public long EntryCount => (store.Log.TailAddress - LogMark.FirstEntryBytes) / IndexSizes.EntryBytes;

    public void Upsert(ChunkId id, StoredPlace place) => session.Upsert(ref id, ref place);

    /// <summary>Looks up at most <see cref="PlaceFunctions.BatchCountMax"/> ids. What lies on the disk is asked for in
    /// one go; what does not come back is a fault of FASTER.</summary>
    /// <returns>Valid until the next call; <c>default</c> where nothing is known.</returns>
    public ReadOnlySpan<StoredPlace> Find(ReadOnlySpan<ChunkId> ids)
    {
        bool isPending = false;
        for (int position = 0; position < ids.Length; position++)
        {
            ChunkId id = ids[position];
            StoredPlace place = default;
            Status status = session.Read(ref id, ref place, position);
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
