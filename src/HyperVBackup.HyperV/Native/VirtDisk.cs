using System.Runtime.InteropServices;

namespace HyperVBackup.HyperV.Native;

/// <summary>virtdisk.dll, by which Windows opens virtual disks. Each call returns 0 or an error number: one of Windows,
/// or of facility 0x3A.</summary>
internal static unsafe partial class VirtDisk
{
    private const string Library = "virtdisk";

    /// <summary>The access that handles with parameters of the second version are opened with.</summary>
    private const uint NoAccess = 0;
    private const uint NoFlags = 0;
    private const uint AttachReadOnly = 0x1;

    /// <summary>No disk appears on the host: it is read through the handle alone.</summary>
    private const uint AttachWithoutLocalHost = 0x8;

    /// <summary>Opens a disk with all its parents.</summary>
    /// <param name="isOnlyAsked">Whether it is never read.</param>
    public static uint Open(string path, bool isOnlyAsked, out VirtualDiskHandle disk)
    {
        StorageType anyType = default;
        OpenParameters parameters = new()
        {
            Version = OpenParameters.SecondVersion,
            IsOnlyAsked = isOnlyAsked ? 1 : 0,
            IsReadOnly = 1,
        };
        return OpenVirtualDisk(&anyType, path, NoAccess, NoFlags, &parameters, out disk);
    }

    /// <summary>Attaches a disk to be read through its handle, for as long as that is open.</summary>
    public static uint Attach(VirtualDiskHandle disk)
    {
        AttachParameters parameters = new() { Version = AttachParameters.FirstVersion };
        const uint Flags = AttachReadOnly | AttachWithoutLocalHost;
        return AttachVirtualDisk(disk, null, Flags, 0, &parameters, null);
    }

    public static uint Ask(VirtualDiskHandle disk, DiskAnswer answer)
    {
        fixed (byte* start = answer.Bytes)
        {
            uint sizeBytes = (uint)answer.Bytes.Length;
            uint usedBytes;
            return GetVirtualDiskInformation(disk, &sizeBytes, start, &usedBytes);
        }
    }

    /// <param name="ranges">Room for the answer.</param>
    /// <param name="count">How many were answered.</param>
    /// <param name="processedBytes">How much of what was asked about the answer covers.</param>
    public static uint QueryChanges(
        VirtualDiskHandle disk, string trackingId, long offsetBytes, long lengthBytes, Span<ChangeRange> ranges,
        out uint count, out ulong processedBytes)
    {
        fixed (ChangeRange* start = ranges)
        {
            count = (uint)ranges.Length;
            return QueryChangesVirtualDisk(
                disk, trackingId, (ulong)offsetBytes, (ulong)lengthBytes, NoFlags, start, ref count,
                out processedBytes);
        }
    }

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial uint OpenVirtualDisk(
        StorageType* type, string path, uint access, uint flags, OpenParameters* parameters,
        out VirtualDiskHandle disk);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial uint AttachVirtualDisk(
        VirtualDiskHandle disk, void* securityDescriptor, uint flags, uint providerFlags, AttachParameters* parameters,
        Overlap* overlap);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial uint GetVirtualDiskInformation(
        VirtualDiskHandle disk, uint* sizeBytes, byte* answer, uint* usedBytes);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial uint QueryChangesVirtualDisk(
        VirtualDiskHandle disk, string trackingId, ulong offsetBytes, ulong lengthBytes, uint flags,
        ChangeRange* ranges, ref uint rangeCount, out ulong processedBytes);
}
