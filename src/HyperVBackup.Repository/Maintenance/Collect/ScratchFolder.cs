using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Where a collector puts what does not fit into memory: files of its own, gone once they are closed. What a
/// killed one left is removed by the next. One thread at a time.</summary>
/// <param name="folder">Made when it is needed; null for the system's folder of temporary files.</param>
/// <param name="processId">Part of the files' names.</param>
internal sealed class ScratchFolder(string? folder, uint processId)
{
    private const string Prefix = "scratch-";
    private const int TriesMax = 1000; // names: each may be had by another collector of this process
    private readonly string path = folder ?? Path.Join(Path.GetTempPath(), "hvbackup-collect");
    private int nextNumber;
    private bool isSwept;

    /// <summary>Makes an empty file that nobody else uses.</summary>
    /// <exception cref="IOException">There is no room, or no right to.</exception>
    public SafeFileHandle Create()
    {
        Directory.CreateDirectory(path);
        Sweep();
        for (int tries = 1; ; tries++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{processId}-{nextNumber++}");
            try
            {
                return Open(Path.Join(path, name), FileMode.CreateNew);
            }
            catch (IOException) when (tries < TriesMax)
            {
                continue; // another has it, or had it, or was quicker to sweep it than we to lock it
            }
        }
    }

    /// <summary>A file that can be opened alone has no owner; closing it removes it.</summary>
    private void Sweep()
    {
        if (isSwept)
        {
            return;
        }

        isSwept = true;
        foreach (string left in Directory.EnumerateFiles(path, Prefix + "*"))
        {
            try
            {
                Open(left, FileMode.Open).Dispose();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                continue; // its owner lives
            }
        }
    }

    private static SafeFileHandle Open(string path, FileMode mode) =>
        File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
}
