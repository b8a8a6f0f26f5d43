using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Collect.Marks;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// Sorts any number of values in bounded memory: what is more goes to a scratch file, in sorted runs that are merged
/// while they are read. Values that compare as equal become one: the one added first of those in memory, if nothing
/// else is told. Adding ends with the first reading; it may be read again. One thread at a time.
/// </summary>
/// <param name="heldBytesMax">Of values kept in memory; reading the runs takes as much at most.</param>
/// <param name="combine">Makes one of two values that compare as equal.</param>
internal sealed class Sorter<T>(ScratchFolder scratch, long heldBytesMax, Func<T, T, T>? combine = null)
    : ISortedSource<T>, IDisposable
    where T : unmanaged, IComparable<T>
{
    private const int HeldCountMin = 1024;
    private const int SourcePieceBytes = 4 << 10;
    private const int PieceBytesMin = 16 << 10;
    private const int PieceBytesMax = 1 << 20;
    private readonly List<(long StartBytes, long Count)> runs = [];
    private T[] held = new T[HeldCountMin];
    private int heldCount;
    private bool isSorted;
    private SafeFileHandle? file;
    private long fileBytes;

    /// <inheritdoc/>
    /// <remarks>Settles.</remarks>
    public long Count
    {
        get
        {
            Settle();
            return runs.Count == 0 ? heldCount : runs[0].Count;
        }
    }

    /// <inheritdoc/>
    public int PieceCount => Math.Max(1, SourcePieceBytes / SizeBytes);

    private static int SizeBytes => Unsafe.SizeOf<T>();

    private int HeldCountMax => (int)Math.Clamp(heldBytesMax / SizeBytes, HeldCountMin, Array.MaxLength);

    /// <summary>Whether anything was added.</summary>
    public bool IsEmpty => heldCount == 0 && runs.Count == 0;

    /// <exception cref="IOException">The scratch file cannot be written.</exception>
    public void Add(in T value)
    {
        Invariant.Check(!isSorted);
        if (heldCount == held.Length)
        {
            MakeRoom();
        }

        held[heldCount++] = value;
    }

    /// <summary>The values ascending, each once.</summary>
    /// <exception cref="IOException">The scratch file cannot be read.</exception>
    public IEnumerable<T> Read()
    {
        Sort();
        return runs.Count == 0 ? held.Take(heldCount) : Merge();
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">A scratch file cannot be read or written.</exception>
    public void Read(long first, Span<T> output)
    {
        Settle();
        if (runs.Count == 0)
        {
            held.AsSpan((int)first, output.Length).CopyTo(output);
        }
        else
        {
            ScratchReads.ReadExactly(
                file!, MemoryMarshal.AsBytes(output), runs[0].StartBytes + (first * SizeBytes));
        }
    }

    /// <summary>Makes one run of all, for what is read more than once. Not while it is being read.</summary>
    /// <exception cref="IOException">A scratch file cannot be read or written.</exception>
    public void Settle()
    {
        Sort();
        if (runs.Count <= 1)
        {
            return;
        }

        SafeFileHandle settled = scratch.Create();
        long count;
        try
        {
            count = MergeInto(settled);
        }
        catch
        {
            settled.Dispose();
            throw;
        }

        file!.Dispose();
        (file, fileBytes) = (settled, count * SizeBytes);
        runs.Clear();
        runs.Add((0, count));
    }

    public void Dispose() => file?.Dispose();

    private void MakeRoom()
    {
        if (held.Length < HeldCountMax)
        {
            Array.Resize(ref held, (int)Math.Min(2L * held.Length, HeldCountMax));
            return;
        }

        SortHeld();
        if (heldCount > HeldCountMax / 2)
        {
            Spill();
        }
    }

    private void Sort()
    {
        if (isSorted)
        {
            return;
        }

        SortHeld();
        isSorted = true;
        if (runs.Count > 0)
        {
            Spill();
            held = [];
        }
    }

    /// <summary>Sorts what is in memory, and keeps one of equal ones.</summary>
    private void SortHeld()
    {
        Span<T> values = held.AsSpan(0, heldCount);
        values.Sort();
        int kept = Math.Min(1, values.Length);
        for (int index = 1; index < values.Length; index++)
        {
            if (values[index].CompareTo(values[kept - 1]) != 0)
            {
                values[kept++] = values[index];
            }
            else if (combine is not null)
            {
                values[kept - 1] = combine(values[kept - 1], values[index]);
            }
        }

        heldCount = kept;
    }

    private void Spill()
    {
        file ??= scratch.Create();
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(held.AsSpan(0, heldCount));
        RandomAccess.Write(file, bytes, fileBytes);
        runs.Add((fileBytes, heldCount));
        fileBytes += bytes.Length;
        heldCount = 0;
    }

    private long MergeInto(SafeFileHandle settled)
    {
        long count = 0;
        foreach (T[] piece in Merge().Chunk(PieceBytesMax / SizeBytes))
        {
            RandomAccess.Write(settled, MemoryMarshal.AsBytes<T>(piece), count * SizeBytes);
            count += piece.Length;
        }

        return count;
    }

    private IEnumerable<T> Merge()
    {
        int pieceBytes = (int)Math.Clamp(heldBytesMax / runs.Count, PieceBytesMin, PieceBytesMax);
        PriorityQueue<SortedRun<T>, T> queue = new();
        foreach ((long startBytes, long count) in runs)
        {
            SortedRun<T> run = new(file!, startBytes, count, pieceBytes / SizeBytes);
            if (run.MoveNext())
            {
                queue.Enqueue(run, run.Current);
            }
        }

        bool isFirst = true;
        T pending = default;
        while (queue.TryPeek(out SortedRun<T>? run, out T value))
        {
            if (isFirst || value.CompareTo(pending) != 0)
            {
                if (!isFirst)
                {
                    yield return pending;
                }

                (isFirst, pending) = (false, value);
            }
            else if (combine is not null)
            {
                pending = combine(pending, value);
            }

            if (run.MoveNext())
            {
                queue.DequeueEnqueue(run, run.Current);
            }
            else
            {
                queue.Dequeue();
            }
        }

        if (!isFirst)
        {
            yield return pending;
        }
    }
}
