using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.HyperV.Native;

/// <summary>The Windows calls that read an attached disk through its handle, and that tell of volumes.</summary>
internal static unsafe partial class Kernel32
{
    public const uint EndOfFile = 38;
    private const uint Pending = 997;

    /// <summary>Reads, and waits for the end of it, whichever way the handle was opened.</summary>
    /// <returns>0, or the error number.</returns>
    public static uint Read(VirtualDiskHandle disk, long offsetBytes, Span<byte> buffer, out int count)
    {
        using EventWaitHandle end = new(initialState: false, EventResetMode.ManualReset);
        Overlap overlap = new() { OffsetBytes = (ulong)offsetBytes, Event = end.SafeWaitHandle.DangerousGetHandle() };
        fixed (byte* start = buffer)
        {
            uint done;
            uint error = ReadFile(disk, start, (uint)buffer.Length, &done, &overlap) ? 0 : LastError();
            if (error == Pending)
            {
                error = GetOverlappedResult(disk, &overlap, &done, wait: true) ? 0 : LastError();
            }

            count = (int)done;
            return error;
        }
    }

    /// <summary>How the paths of a file's volume begin; or why that cannot be told.</summary>
    public static (string? Path, uint Error) VolumePathOf(string path) =>
        WindowsText.Read((buffer, length) => GetVolumePathNameW(path, buffer, length));

    /// <summary>The volume's own name; or why that cannot be told.</summary>
    /// <param name="mountPath">With a separator at its end.</param>
    public static (string? Name, uint Error) VolumeNameOf(string mountPath) =>
        WindowsText.Read((buffer, length) => GetVolumeNameForVolumeMountPointW(mountPath, buffer, length));

    [LibraryImport("kernel32")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    internal static partial bool CloseHandle(nint handle);

    private static uint LastError() => (uint)Marshal.GetLastPInvokeError();

    [LibraryImport("kernel32", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetVolumePathNameW(string fileName, char* volumePath, uint lengthChars);

    [LibraryImport("kernel32", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetVolumeNameForVolumeMountPointW(
        string mountPoint, char* volumeName, uint lengthChars);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool ReadFile(
        VirtualDiskHandle file, byte* buffer, uint lengthBytes, uint* countBytes, Overlap* overlap);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetOverlappedResult(
        VirtualDiskHandle file, Overlap* overlap, uint* countBytes, [MarshalAs(UnmanagedType.Bool)] bool wait);
}
