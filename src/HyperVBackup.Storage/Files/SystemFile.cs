using HyperVBackup.Storage.Native;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Storage.Files;

/// <summary>A file of the operating system. While much is written to it, the disk begins to take what was written
/// before, so that a flush has less to wait for. One thread at a time writes.</summary>
internal sealed class SystemFile(SafeFileHandle handle, string path) : IStoreFile
{
    private const long BeginFlushBytes = 8 << 20;

    private long notBegunBytes;

    public int Read(Span<byte> buffer, long offsetBytes)
    {
        try
        {
            return RandomAccess.Read(handle, buffer, offsetBytes);
        }
        catch (Exception error) when (SystemError.IsFromSystem(error))
        {
            throw SystemError.ToException(error, "read", path);
        }
    }

    public void Write(ReadOnlySpan<byte> bytes, long offsetBytes)
    {
        try
        {
            RandomAccess.Write(handle, bytes, offsetBytes);
        }
        catch (Exception error) when (SystemError.IsFromSystem(error))
        {
            throw SystemError.ToException(error, "write to", path);
        }

        notBegunBytes += bytes.Length;
        if (notBegunBytes >= BeginFlushBytes)
        {
            DurableFile.BeginFlushHandle(handle);
            notBegunBytes = 0;
        }
    }

    public void Flush() => DurableFile.FlushHandle(handle, path);

    public void Dispose() => handle.Dispose();
}
