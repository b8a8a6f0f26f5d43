using HyperVBackup.Storage;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Benchmarks.Scenarios.Rooflines;

/// <summary>One file of records, one after another. Thread-safe.</summary>
internal sealed class RecordFile(string path) : IDisposable
{
    private readonly SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
    private long lengthBytes;

    public long LengthBytes => Interlocked.Read(ref lengthBytes);

    /// <returns>Where the bytes begin.</returns>
    public long Append(ReadOnlySpan<byte> bytes)
    {
        long offsetBytes = Interlocked.Add(ref lengthBytes, bytes.Length) - bytes.Length;
        RandomAccess.Write(file, bytes, offsetBytes);
        return offsetBytes;
    }

    /// <exception cref="EndOfStreamException">The file ends before the buffer is full.</exception>
    public void Read(long offsetBytes, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int count = RandomAccess.Read(file, buffer, offsetBytes);
            if (count == 0)
            {
                throw new EndOfStreamException(path);
            }

            buffer = buffer[count..];
            offsetBytes += count;
        }
    }

    public void Flush() => DurableFile.FlushHandle(file, path);

    public void Dispose() => file.Dispose();
}
