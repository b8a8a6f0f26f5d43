using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Storage;

/// <summary>Reads files that their owner may replace or delete at any moment: a reader keeps nobody from it, as
/// <c>File.ReadAllBytes</c> does on Windows. Thread-safe.</summary>
public static class ReplaceableFile
{
    /// <summary>All of a file's bytes, as they were when it was opened.</summary>
    /// <exception cref="IOException">It is missing, longer than <paramref name="lengthMaxBytes"/>, or cannot be read.
    /// </exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] Read(string path, long lengthMaxBytes)
    {
        FileShare share = FileShare.ReadWrite | FileShare.Delete;
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, share);
        long lengthBytes = RandomAccess.GetLength(file);
        if (lengthBytes > lengthMaxBytes)
        {
            throw new IOException($"'{path}' is {lengthBytes} bytes long, more than it may be.");
        }

        byte[] bytes = GC.AllocateUninitializedArray<byte>(checked((int)lengthBytes));
        int total = 0;
        while (total < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(total), total) is > 0 and int count)
        {
            total += count;
        }

        return total == bytes.Length ? bytes : bytes[..total];
    }
}
