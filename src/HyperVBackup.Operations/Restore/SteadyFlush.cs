using HyperVBackup.Storage;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Operations.Restore;

/// <summary>
/// Has the disk begin to write a file while it is still being filled, and the system forget what is written: memory
/// that was just given back is filled faster than memory that was never used, and what others read stays where it is.
/// Not thread-safe.
/// </summary>
internal sealed class SteadyFlush(SafeFileHandle file)
{
    private const long StepBytes = 32 << 20;

    private long begunBytes;

    /// <param name="writtenBytes">To the file so far.</param>
    public void Note(long writtenBytes)
    {
        if (writtenBytes - begunBytes >= StepBytes)
        {
            DurableFile.ForgetFlushed(file);
            DurableFile.BeginFlushHandle(file);
            begunBytes = writtenBytes;
        }
    }
}
