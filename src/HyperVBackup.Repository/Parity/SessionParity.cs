using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Parity;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Parity;

/// <summary>
/// Makes the parity of a session's own chunk packs while it goes on: a group as soon as it is full, one at a time, so
/// that its packs are still in the memory of the system. What a crash leaves is a whole file or none. One thread at a
/// time.
/// </summary>
/// <param name="percent">0 to make none.</param>
internal sealed class SessionParity(IBlobStore store, RepositoryId repository, SessionId session, int percent)
    : IAsyncDisposable
{
    private readonly ParityPlanner? planner = percent > 0 ? new ParityPlanner(percent) : null;
    private readonly CancellationTokenSource ending = new();
    private Task making = Task.CompletedTask;
    private uint nextNumber;

    /// <summary>Takes a pack that was published; packs come in the order of their numbers.</summary>
    /// <exception cref="StoreException">The parity of packs before it could not be put.</exception>
    public async Task AddAsync(PackName pack, long lengthBytes)
    {
        if (planner?.Add(new ProtectedPack(pack.Number, lengthBytes)) is { } full)
        {
            await BeginAsync(full);
        }
    }

    /// <summary>Waits until all packs that were added are protected.</summary>
    /// <exception cref="StoreException">The store is full or failed.</exception>
    public async Task FlushAsync(CancellationToken token)
    {
        using CancellationTokenRegistration both = token.Register(ending.Cancel);
        if (planner?.Finish() is { } last)
        {
            await BeginAsync(last);
        }

        await making;
        token.ThrowIfCancellationRequested();
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await making.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ending.Dispose();
    }

    private async Task BeginAsync(List<ProtectedPack> packs)
    {
        await making;
        making = MakeAsync(
            new PackName(PackKind.Parity, session, nextNumber++), new ParityGroup(session, packs, percent));
    }

    private async Task MakeAsync(PackName name, ParityGroup group)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // the session goes on meanwhile
        long? lengthBytes =
            await ParityWriting.TryMakeAsync(store, repository, name, group, _ => { }, ending.Token);
        if (lengthBytes is null)
        {
            throw new StoreException(
                $"The packs that '{name}' is to protect cannot be read back from '{store.Description}'.");
        }
    }
}
