using HyperVBackup.Storage.Native;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Storage.Files;

/// <summary>A file of the operating system.</summary>
internal sealed class SystemFile(SafeFileHandle handle, string path) : IStoreFile
{
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
    }

    public void Flush() => DurableFile.FlushHandle(handle, path);

    public void Dispose() => handle.Dispose();
}
