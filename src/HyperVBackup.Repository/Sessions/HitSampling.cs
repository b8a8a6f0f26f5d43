using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Pages;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>
/// Reads a share of the records that a session would rely on instead of storing bytes anew, and holds them against the
/// id of the bytes at hand: what has that id is those bytes. So no record that rotted, or was spoilt when it was
/// written, keeps its chunk from ever being stored again. A record that fails is told, and nothing relies on it for the
/// rest of the session. Thread-safe.
/// </summary>
internal sealed class HitSampling
{
    private readonly IBlobStore store;
    private readonly ChunkReader reader;
    private readonly int chunkSizeBytes;
    private readonly Action<string> warn;
    private readonly DamageWatch? watch;
    private readonly SampleRate hits;
    private readonly SampleRate bases;
    private readonly ConcurrentDictionary<Digest, bool> suspects = new();
    private long rereadCount;
    private long damagedCount;

    /// <param name="oneInMax">Of so many hits one is read, in the long run.</param>
    /// <param name="watch">Told of what is not good where it was looked for.</param>
    public HitSampling(
        IBlobStore store, IChunkIndex index, ContentHasher hasher, int chunkSizeBytes, RandomFill randomness,
        int oneInMax, Action<string> warn, DamageWatch? watch = null)
    {
        this.watch = watch;
        (this.store, this.chunkSizeBytes, this.warn) = (store, chunkSizeBytes, warn);
        reader = new ChunkReader(new HitCopies(store, index), hasher);
        (hits, bases) = (new SampleRate(randomness, oneInMax), new SampleRate(randomness, oneInMax));
    }

    /// <summary>Records read again so far.</summary>
    public long RereadCount => Interlocked.Read(ref rereadCount);

    /// <summary>Of these, those that did not hold their bytes.</summary>
    public long DamagedCount => Interlocked.Read(ref damagedCount);

    /// <summary>Whether a hit may be relied on: mostly without a look.</summary>
    public async ValueTask<bool> MayRelyOnAsync(ChunkId id, RecordPlace place, CancellationToken token) =>
        !suspects.ContainsKey(id.Value) && (!hits.IsDue() || await HoldsAsync(id, place, token));

    /// <summary>The same of the records that a chunk would take pages from.</summary>
    public async ValueTask<bool> MayRelyOnAsync(IEnumerable<PageSource> sources, CancellationToken token)
    {
        foreach (PageSource source in sources)
        {
            bool isGood = !suspects.ContainsKey(source.DataId)
                && (!bases.IsDue() || await HoldsAsync(new ChunkId(source.DataId), source.Place, token));
            if (!isGood)
            {
                return false;
            }
        }

        return true;
    }

    private async ValueTask<bool> HoldsAsync(ChunkId id, RecordPlace place, CancellationToken token)
    {
        Interlocked.Increment(ref rereadCount);
        byte[] rented = ArrayPool<byte>.Shared.Rent(chunkSizeBytes);
        try
        {
            Memory<byte> chunk = rented.AsMemory(0, chunkSizeBytes);
            if (await IsReadableAsync(id, place, chunk, token))
            {
                return true;
            }

            if (await store.TryGetLengthAsync(new BlobName(place.Pack.BlobName), token) is not null)
            {
                await SuspectAsync(id, place, chunk, token); // else it is collected, which is no damage
            }

            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private async ValueTask<bool> IsReadableAsync(
        ChunkId id, RecordPlace place, Memory<byte> chunk, CancellationToken token)
    {
        try
        {
            await reader.ReadAsync(id, place, chunk, token);
            return true;
        }
        catch (RepositoryDamagedException)
        {
            return false;
        }
    }

    /// <summary>Finds what is bad: the record itself, or some of those that its recipe names.</summary>
    private async Task SuspectAsync(ChunkId id, RecordPlace place, Memory<byte> chunk, CancellationToken token)
    {
        Interlocked.Increment(ref damagedCount);
        suspects.TryAdd(id.Value, true);
        watch?.Suspect(place);
        byte[] bytes = new byte[place.LengthBytes];
        int? count = await HitCopies.TryReadAsync(
            store, new BlobName(place.Pack.BlobName), place.OffsetBytes, bytes, token);
        Recipe? recipe = null;
        bool hasRecipe = count == bytes.Length && !reader.TryDecode(id, bytes, chunk.Span, out recipe)
            && recipe is not null;
        for (int number = 0; hasRecipe && number < recipe!.SourceCount; number++)
        {
            RecipeSource source = recipe.SourceAt(number);
            if (!await IsReadableAsync(new ChunkId(source.DataId), source.Hint, chunk, token))
            {
                suspects.TryAdd(source.DataId, true);
                watch?.Suspect(source.Hint);
            }
        }

        warn(
            $"Chunk {id} at {place.OffsetBytes} of '{place.Pack}' was read again and does not hold its bytes: it is "
            + "stored anew. 'verify --read-data' says what else is damaged");
    }

    /// <summary>Reads where it is told to, and finds what recipes name where the index says.</summary>
    private sealed class HitCopies(IBlobStore store, IChunkIndex index) : IRecordCopies
    {
        public string Description => store.Description;

        public static async ValueTask<int?> TryReadAsync(
            IBlobStore store, BlobName blob, long offsetBytes, Memory<byte> buffer, CancellationToken token)
        {
            try
            {
                return await store.TryReadAsync(blob, offsetBytes, buffer, token);
            }
            catch (StoreException)
            {
                return null; // an unreadable sector is as good as a damaged record
            }
        }

        public ValueTask<int?> TryReadAsync(
            BlobName blob, long offsetBytes, Memory<byte> buffer, CancellationToken token) =>
            TryReadAsync(store, blob, offsetBytes, buffer, token);

        public async IAsyncEnumerable<RecordPlace> CopiesAsync(
            PackKind kind, Digest id, [EnumeratorCancellation] CancellationToken token)
        {
            await ValueTask.CompletedTask; // the index is at hand
            RecordPlace place = Find(id);
            if (!place.IsUnknown)
            {
                yield return place;
            }
        }

        private RecordPlace Find(Digest id)
        {
            RecordPlace place = default;
            index.Find([new ChunkId(id)], new Span<RecordPlace>(ref place));
            return place;
        }
    }
}
