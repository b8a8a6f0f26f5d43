using HyperVBackup.Storage.Files;
using HyperVBackup.Storage.Native;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Storage;

/// <summary>A file for a while: it has no name, so that nothing of it is left when it is closed, nor after a kill.
/// </summary>
public static class NamelessFile
{
    /// <param name="folder">On the file system to write to; made where it is not there.</param>
    /// <returns>Open for writing.</returns>
    /// <exception cref="StoreException">The system refused.</exception>
    public static SafeFileHandle Create(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string suffix = SystemRandomness.NewSuffix();
        string path = Path.Join(Path.GetFullPath(folder), TemporaryName.Beside("nameless", suffix));
        try
        {
            Directory.CreateDirectory(folder);
            SafeFileHandle file = File.OpenHandle(
                path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            File.Delete(path);
            return file;
        }
        catch (Exception error) when (SystemError.IsFromSystem(error))
        {
            throw SystemError.ToException(error, "create a file in", folder);
        }
    }
}
