using System.Runtime.InteropServices;

namespace HyperVBackup.HyperV.Native;

/// <summary>What tells cluster shared volumes from others (resapi.h). Windows has it where it can be in a cluster.
/// </summary>
internal static partial class ClusterVolumes
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

    [LibraryImport("resutils", StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool ClusterIsPathOnSharedVolume(string path);
}
