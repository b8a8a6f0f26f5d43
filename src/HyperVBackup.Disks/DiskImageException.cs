namespace HyperVBackup.Disks;

/// <summary>A disk image is malformed, damaged, of a kind not supported, or cannot be read. One sentence that names
/// the file, the structure and the offset.</summary>
public sealed class DiskImageException : Exception
{
    public DiskImageException(string message)
        : base(message)
    {
    }

    public DiskImageException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
