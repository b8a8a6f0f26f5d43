using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Repository.Index;

/// <summary>A large array outside of the collected memory: pages never touched cost nothing, and it is given back at
/// once. Left undisposed it ends with its last user, so a thread that hangs in a look-up never reads freed memory.
/// </summary>
internal sealed unsafe class NativeWords : IDisposable
{
    private ulong* words;

    public NativeWords(long count)
    {
        Count = count;
        words = (ulong*)NativeMemory.Alloc(checked((nuint)count), sizeof(ulong));
    }

    ~NativeWords() => Free();

    public long Count { get; }

    public Span<ulong> Slice(long start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + count, Count);
        ObjectDisposedException.ThrowIf(words is null, this);
        return new Span<ulong>(words + start, count);
    }

    /// <summary>Asks the processor to fetch a word into its cache.</summary>
    /// <param name="position">Beyond the end nothing is fetched.</param>
    public void Prefetch(long position)
    {
        if (Sse.IsSupported && (ulong)position < (ulong)Count && words is not null)
        {
            Sse.Prefetch0(words + position);
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.Free(words);
        words = null;
    }
}
