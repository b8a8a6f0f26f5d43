using HyperVBackup.Testing.Images;

namespace HyperVBackup.RealParts.Disks;

/// <summary>Real file systems by the names that theories use.</summary>
internal static class FileSystems
{
    public static IFileSystem Named(string name) => name switch
    {
        "ext4" => new Ext4(),
        "ntfs" => new Ntfs(),
        _ => new Partitioned(),
    };
}
