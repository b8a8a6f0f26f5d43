using System.Runtime.InteropServices;

namespace HyperVBackup.HyperV.Native;

/// <summary>The calls that tell of cluster shared volumes (resapi.h). Windows has them where it can be in a cluster.
/// </summary>
internal static unsafe partial class ClusterVolumes
{
    /// <summary>False too where Windows has no such calls.</summary>
    public static bool IsOnSharedVolume(string path)
    {
        try
        {
            return ClusterIsPathOnSharedVolume(path);
        }
        catch (Exception absence) when (absence is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>How the paths of a file's volume begin; or why that cannot be told.</summary>
    public static (string? Path, uint Error) VolumePathOf(string path) =>
        WindowsText.Read((buffer, length) => ClusterGetVolumePathName(path, buffer, length));

    /// <summary>The volume's own name; or why that cannot be told.</summary>
    public static (string? Name, uint Error) VolumeNameOf(string mountPath) =>
        WindowsText.Read((buffer, length) => ClusterGetVolumeNameForVolumeMountPoint(mountPath, buffer, length));

    [LibraryImport("resutils", StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool ClusterIsPathOnSharedVolume(string path);

    [LibraryImport("resutils", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool ClusterGetVolumePathName(string fileName, char* volumePath, uint lengthChars);

    [LibraryImport("resutils", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool ClusterGetVolumeNameForVolumeMountPoint(
        string mountPoint, char* volumeName, uint lengthChars);
}
