using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Parity;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Copies records byte for byte into new packs of one session, in the order given (X1, X2). Deletes nothing.
/// One thread at a time.</summary>
internal sealed class RecordCopying(
    CollectionStore store, PackSet packs, PackName first, int chunkSizeBytes, long packTargetBytes,
    int parityPercent)
    : IAsyncDisposable
{
    private readonly RecordWindow window = new(
        new RecordFinder(store.Store, new PackTables(store.Store, store.Repository, 0)));
    private readonly SessionParity parity = new(
        store.Store, store.Repository, first.Session, first.Kind == PackKind.Chunks ? parityPercent : 0);
    private readonly CheckedRecord check = new(store.Hasher, chunkSizeBytes);
    private readonly List<StoredRecord> gathered = [];
    private long gatheredBytes;
    private PackBuilder? open;
    private PackName next = first;

    /// <summary>Bytes of records in packs published, and in the one being written.</summary>
    public long CopiedBytes { get; private set; }

    /// <summary>Records that are not good where they lie; they are left.</summary>
    public List<StoredRecord> Damaged { get; } = [];

    public async Task AddAsync(StoredRecord record, CancellationToken token)
    {
        gathered.Add(record);
        gatheredBytes += record.LengthBytes;
        if (gatheredBytes >= RecordWindow.BytesMax)
        {
            await CopyGatheredAsync(token);
        }
    }

    /// <summary>Publishes the last pack, and the parity of all.</summary>
    public async Task FinishAsync(CancellationToken token)
    {
        await CopyGatheredAsync(token);
        await PublishAsync(token);
        await parity.FlushAsync(token);
    }

    public async ValueTask DisposeAsync()
    {
        await parity.DisposeAsync();
        await CloseAsync();
    }

    private async Task CloseAsync()
    {
        if (open is not null)
        {
            await open.DisposeAsync();
            open = null;
        }
    }

    private async Task CopyGatheredAsync(CancellationToken token)
    {
        byte[]?[] found = await window.ReadAsync(gathered, pack => packs.Names[pack], isSecondCopy: false, token);
        for (int index = 0; index < gathered.Count; index++)
        {
            if (!await TryCopyAsync(gathered[index], found[index], token)
                && !await TryCopySecondAsync(gathered[index], token))
            {
                Damaged.Add(gathered[index]);
            }
        }

        gathered.Clear();
        gatheredBytes = 0;
    }

    private async Task<bool> TryCopySecondAsync(StoredRecord record, CancellationToken token) =>
        next.Kind == PackKind.Maps
        && await TryCopyAsync(
            record, (await window.ReadAsync([record], pack => packs.Names[pack], isSecondCopy: true, token))[0], token);

    private async Task<bool> TryCopyAsync(StoredRecord record, byte[]? bytes, CancellationToken token)
    {
        if (bytes is null)
        {
            return false;
        }

        open ??= await PackBuilder.CreateAsync(
            store.Store, store.Repository, next,
            next.Kind == PackKind.Chunks ? chunkSizeBytes / FormatLimits.PageSizeBytes : 0, token);
        if (!check.TryNote(open, record, bytes))
        {
            return false;
        }

        await open.AppendAsync(bytes, token);
        CopiedBytes += bytes.Length;
        if (open.LengthBytes >= packTargetBytes)
        {
            await PublishAsync(token);
        }

        return true;
    }

    private async Task PublishAsync(CancellationToken token)
    {
        if (open is { RecordCount: > 0 })
        {
            await open.PublishAsync(token);
            await parity.AddAsync(next, open.LengthBytes);
            next = next with { Number = next.Number + 1 };
        }

        await CloseAsync();
    }
}
