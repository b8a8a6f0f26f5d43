using System.Runtime.CompilerServices;
using HyperVBackup.Storage;

namespace HyperVBackup.Testing.Stores;

/// <summary>A store as one actor of <see cref="Turns"/> sees it: each operation waits for the actor's turn.</summary>
/// <param name="losesAnswer">Asked after each operation that changed something: whether its answer gets lost.</param>
public sealed class TurnStore(IBlobStore store, Turns turns, int actor, Func<bool>? losesAnswer = null) : IBlobStore
{
    private readonly Turns turns = turns;
    private readonly int actor = actor;

    public string Description => store.Description;

    public async Task<IBlobWriter> CreateAsync(BlobName name, CancellationToken token)
    {
        await turns.WaitAsync(actor);
        return new Writer(await store.CreateAsync(name, token), this);
    }

    public async Task<bool> TryPutAsync(BlobName name, ReadOnlyMemory<byte> content, CancellationToken token)
    {
        await turns.WaitAsync(actor);
        return Answer(await store.TryPutAsync(name, content, token));
    }

    public async ValueTask<long?> TryGetLengthAsync(BlobName name, CancellationToken token)
    {
        await turns.WaitAsync(actor);
        return await store.TryGetLengthAsync(name, token);
    }

    public async ValueTask<int?> TryReadAsync(
        BlobName name, long offsetBytes, Memory<byte> buffer, CancellationToken token)
    {
        await turns.WaitAsync(actor);
        return await store.TryReadAsync(name, offsetBytes, buffer, token);
    }

    /// <summary>Shows what is there at one moment: the turn.</summary>
    public async IAsyncEnumerable<BlobName> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken token)
    {
        await turns.WaitAsync(actor);
        List<BlobName> names = [];
        await foreach (BlobName name in store.ListAsync(prefix, token))
        {
            names.Add(name);
        }

        foreach (BlobName name in names)
        {
            yield return name;
        }
    }

    public Task FlushNamesAsync(BlobName name, CancellationToken token) => store.FlushNamesAsync(name, token);

    public async Task DeleteAsync(BlobName name, CancellationToken token)
    {
        await turns.WaitAsync(actor);
        await store.DeleteAsync(name, token);
        _ = Answer(true);
    }

    public async Task<bool> MendAsync(
        BlobName name, long offsetBytes, ReadOnlyMemory<byte> bytes, CancellationToken token)
    {
        await turns.WaitAsync(actor);
        return Answer(await store.MendAsync(name, offsetBytes, bytes, token));
    }

    public async Task DeleteTemporariesAsync(Func<BlobName, bool> isAbandoned, CancellationToken token)
    {
        await turns.WaitAsync(actor);
        await store.DeleteTemporariesAsync(isAbandoned, token);
    }

    public async Task DeleteTemporariesAsync(
        Func<BlobName, bool> isAbandoned, TimeSpan untouchedFor, CancellationToken token)
    {
        await turns.WaitAsync(actor);
        await store.DeleteTemporariesAsync(isAbandoned, untouchedFor, token);
    }

    public ValueTask<string?> FindListingDoubtAsync(CancellationToken token) => store.FindListingDoubtAsync(token);

    public Task<DateTimeOffset> ReadTimeAsync(CancellationToken token) => store.ReadTimeAsync(token);

    private bool Answer(bool answer) =>
        losesAnswer?.Invoke() == true ? throw new StoreException("The answer is lost.") : answer;

    private sealed class Writer(IBlobWriter writer, TurnStore owner) : IBlobWriter
    {
        public long LengthBytes => writer.LengthBytes;

        public ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken token) =>
            writer.AppendAsync(bytes, token);

        public async Task<bool> TryPublishAsync(CancellationToken token)
        {
            await owner.turns.WaitAsync(owner.actor);
            return owner.Answer(await writer.TryPublishAsync(token));
        }

        public ValueTask DisposeAsync() => writer.DisposeAsync();
    }
}
