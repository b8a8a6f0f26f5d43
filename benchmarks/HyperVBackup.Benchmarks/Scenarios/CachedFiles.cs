using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>What the page cache holds of files.</summary>
internal static partial class CachedFiles
{
    private const int DontNeed = 4;

    /// <summary>Has the page cache forget all files of a folder, which must be on the disk already, so that they are
    /// read from there next.</summary>
    /// <exception cref="InvalidOperationException">The system refused.</exception>
    public static void Drop(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            using SafeFileHandle file = File.OpenHandle(path);
            int error = Advise(file, 0, 0, DontNeed);
            if (error != 0)
            {
                throw new InvalidOperationException($"posix_fadvise of '{path}' failed with {error}.");
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offsetBytes, long lengthBytes, int advice);
}
