using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Disks;

/// <summary>Where a file holds data and where holes, as far as the system can say. The file's position is moved, which
/// positional reads do not notice. Thread-safe.</summary>
internal static class FileHoles
{
    private const int SeekEnd = 2;
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int NoSuchAddress = 6;

    /// <summary>The length of a file, or of a block device.</summary>
    /// <exception cref="IOException">It has no length (a pipe, say).</exception>
    public static long LengthBytes(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return RandomAccess.GetLength(file);
        }
        long lengthBytes = Seek(file, 0, SeekEnd);
        return lengthBytes >= 0 ? lengthBytes : throw new IOException("it has no length");
    }

    /// <summary>The first byte at or after <paramref name="offsetBytes"/> that may be data; <see cref="long.MaxValue"/>
    /// if there is none.</summary>
    public static long NextData(SafeFileHandle file, long offsetBytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            return offsetBytes;
        }
        long found = Seek(file, offsetBytes, SeekData);
        if (found >= 0)
        {
            return found;
        }
        return Marshal.GetLastPInvokeError() == NoSuchAddress ? long.MaxValue : offsetBytes;
    }

    /// <summary>The end of the data that <paramref name="offsetBytes"/> lies in; <see cref="long.MaxValue"/> if it
    /// is not known.</summary>
    public static long NextHole(SafeFileHandle file, long offsetBytes)
    {
        long found = OperatingSystem.IsLinux() ? Seek(file, offsetBytes, SeekHole) : -1;
        return found > offsetBytes ? found : long.MaxValue;
    }

    [DllImport("libc", EntryPoint = "lseek", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long Seek(SafeFileHandle file, long offsetBytes, int origin);
}
