using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Reads files of the host's own, which nobody else writes.</summary>
internal static class ScratchReads
{
    /// <exception cref="IOException">The file cannot be read, or ends too early.</exception>
    public static void ReadExactly(SafeFileHandle file, Span<byte> buffer, long offsetBytes)
    {
        while (!buffer.IsEmpty)
        {
            int count = RandomAccess.Read(file, buffer, offsetBytes);
            if (count == 0)
            {
                throw new EndOfStreamException("A collector's own file ends too early.");
            }

            buffer = buffer[count..];
            offsetBytes += count;
        }
    }
}
