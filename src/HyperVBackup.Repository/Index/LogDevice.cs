using FASTER.core;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// FASTER's log in one file, by positional reads and writes on the calling thread.
/// <list type="bullet">
/// <item>FASTER never hears of an error: it would wait for ever for a page that cannot be written, and take an
/// unreadable entry for an absent one. Every fault is counted here instead, and the index gives up on the first
/// one.</item>
/// <item>Bytes before <see cref="SavedBytes"/> are never written again, also not the start of a sector that is only
/// partly new: the file is append-only beyond every completed save, whatever happens later.</item>
/// <item>Nothing is created by reading.</item>
/// <item>FASTER reads zeros before the place where its own entries begin. It walks the page of that place from the
/// page's start, from header to header and passing over zeros, to take off the locks of whatever lies there. Entries
/// whose headers it did not write, or that are damaged, would put it out of step: it would take bits off the keys of
/// its own entries in that page, and nobody would find those.</item>
/// </list>
/// </summary>
internal sealed unsafe class LogDevice : StorageDeviceBase
{
    public const int SectorBytes = 512;

    private readonly SafeFileHandle file;
    private readonly long beginBytes;
    private int faultCount;
    private volatile bool isClosed;

    /// <param name="savedBytes">Where the last save ended.</param>
    /// <param name="beginBytes">Where what FASTER looks after begins.</param>
    public LogDevice(SafeFileHandle file, string path, long savedBytes, long beginBytes)
        : base(path, SectorBytes, Devices.CAPACITY_UNSPECIFIED)
    {
        (this.file, this.beginBytes) = (file, beginBytes);
        SavedBytes = savedBytes;
        WrittenBytes = savedBytes;
    }

    public SafeFileHandle File => file;

    /// <summary>Where the last save ended. Set between batches only.</summary>
    public long SavedBytes { get; set; }

    /// <summary>Where the bytes end that can be read back.</summary>
    public long WrittenBytes { get; private set; }

    /// <summary>Reads and writes that failed so far; one is enough to distrust everything.</summary>
    public int FaultCount => Volatile.Read(ref faultCount);

    public override void WriteAsync(
        IntPtr sourceAddress,
        int segmentId,
        ulong destinationAddress,
        uint numBytesToWrite,
        DeviceIOCompletionCallback callback,
        object context)
    {
        long offset = OffsetOf(segmentId, destinationAddress);
        int count = checked((int)numBytesToWrite);
        int skipCount = (int)Math.Clamp(SavedBytes - offset, 0, count);
        try
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            RandomAccess.Write(
                file, new ReadOnlySpan<byte>((void*)sourceAddress, count)[skipCount..], offset + skipCount);
            WrittenBytes = Math.Max(WrittenBytes, offset + count);
        }
        catch (Exception error) when (IsFault(error))
        {
            Interlocked.Increment(ref faultCount);
        }

        callback(0, numBytesToWrite, context);
    }

    public override void ReadAsync(
        int segmentId,
        ulong sourceAddress,
        IntPtr destinationAddress,
        uint readLength,
        DeviceIOCompletionCallback callback,
        object context)
    {
        long offset = OffsetOf(segmentId, sourceAddress);
        Span<byte> buffer = new((void*)destinationAddress, checked((int)readLength));
        buffer.Clear();
        try
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            ReadWhatIsThere(buffer, offset);
            buffer[..(int)Math.Clamp(beginBytes - offset, 0, buffer.Length)].Clear();
        }
        catch (Exception error) when (IsFault(error))
        {
            Interlocked.Increment(ref faultCount);
        }

        callback(0, readLength, context);
    }

    public override long GetFileSize(int segment) => segmentSize;

    /// <summary>Nothing of the log is ever removed: what FASTER no longer needs is settled, and read by others.
    /// </summary>
    public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result) =>
        callback(result);

    /// <summary>From now on nothing reaches the file any more; a call under way ends by itself.</summary>
    public override void Dispose()
    {
        isClosed = true;
        file.Dispose();
    }

    private void ReadWhatIsThere(Span<byte> buffer, long offset)
    {
        int neededCount = (int)Math.Clamp(WrittenBytes - offset, 0, buffer.Length);
        int readCount = 0;
        while (readCount < buffer.Length)
        {
            int count = RandomAccess.Read(file, buffer[readCount..], offset + readCount);
            if (count == 0)
            {
                break;
            }

            readCount += count;
        }

        if (readCount < neededCount)
        {
            Interlocked.Increment(ref faultCount);
        }
    }

    private static bool IsFault(Exception error) => error is IOException or UnauthorizedAccessException
        or ObjectDisposedException or NotSupportedException;

    private long OffsetOf(int segmentId, ulong address) =>
        checked((segmentSize > 0 ? segmentId * segmentSize : 0) + (long)address);
}
