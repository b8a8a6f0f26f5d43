using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// The batches of a backup that nobody works on. What was given back last is taken first, as its memory is still in the
/// processor's caches, and a new one is made only where none is free: so few are in use where the stages keep up with
/// one another. Thread-safe.
/// </summary>
/// <param name="countMax">Of batches in all; who takes one more waits.</param>
/// <param name="make">Makes a batch.</param>
internal sealed class FreeBatches(int countMax, Func<ChunkBatch> make) : IDisposable
{
    private readonly SemaphoreSlim left = new(countMax);
    private readonly Lock gate = new();
    private readonly Stack<ChunkBatch> given = new();

    public async ValueTask<ChunkBatch> TakeAsync(CancellationToken token)
    {
        await left.WaitAsync(token);
        return TryPop(out ChunkBatch? batch) ? batch : make();
    }

    public void Give(ChunkBatch batch)
    {
        lock (gate)
        {
            given.Push(batch);
        }

        left.Release();
    }

    public void Dispose() => left.Dispose();

    private bool TryPop([NotNullWhen(true)] out ChunkBatch? batch)
    {
        lock (gate)
        {
            return given.TryPop(out batch);
        }
    }
}
