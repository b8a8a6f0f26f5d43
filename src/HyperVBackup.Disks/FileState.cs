using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Disks;

/// <summary>
/// What the system says of an open file that any write to it changes, and the boot it says so in: a power loss may undo
/// the new times of a file whose data was written. Only of regular files in file systems of this host, on Linux: what a
/// server or a program of its own keeps may be told late, and in memory (tmpfs) no write through a mapping shows.
/// </summary>
internal static class FileState
{
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";
    private const int EmptyPath = 0x1000;
    private const uint BasicAndBirth = 0xFFF;
    private const uint Mount = 0x1000;
    private const uint MountOnce = 0x4000; // an id that no other mount ever has, where the kernel gives one
    private const uint Basic = 0x7FF;
    private const int StateBytes = 256;
    private const int ModeAt = 28;
    private const int InodeAt = 32;
    private const int SizeAt = 40;
    private const int BirthAt = 80;
    private const int ChangedAt = 96;
    private const int ModifiedAt = 112;
    private const int DeviceAt = 136;
    private const int MountAt = 144;
    private const int KindMask = 0xF000;
    private const int RegularKind = 0x8000;
    private const int BlockDeviceKind = 0x6000;
    private const int FileSystemBytes = 512;

    /// <summary>ext4, XFS, Btrfs, ZFS, F2FS, bcachefs, overlays.</summary>
    private static readonly long[] LocalFileSystems =
        [0xEF53, 0x58465342, 0x9123683E, 0x2FC12FC1, 0xF2F52010, 0xCA451A4E, 0x794C7630];

    /// <summary>The file as it is now; null where nobody can say.</summary>
    public static DiskStamp? TryRead(SafeFileHandle file)
    {
        Span<byte> state = stackalloc byte[StateBytes];
        return OperatingSystem.IsLinux() && IsLocal(file) && TryReadState(file, state) && TryReadBootId() is { } boot
            ? StampOf(state, boot)
            : null;
    }

    /// <summary>Whether an open file is a block device; false where nobody can say.</summary>
    public static bool IsBlockDevice(SafeFileHandle file)
    {
        Span<byte> state = stackalloc byte[StateBytes];
        return OperatingSystem.IsLinux() && TryAsk(file, state) && KindOf(state) == BlockDeviceKind;
    }

    private static DiskStamp StampOf(ReadOnlySpan<byte> state, string boot)
    {
        string text = $"{boot} {Convert.ToHexStringLower(state.Slice(DeviceAt, 2 * sizeof(uint)))}"
            + $" {U64(state, InodeAt)} {U64(state, SizeAt)} {Time(state, BirthAt)} {Time(state, ModifiedAt)}"
            + $" {Time(state, ChangedAt)} {MountOf(state)}";
        long seconds = Math.Max(Seconds(state, ModifiedAt), Seconds(state, ChangedAt));
        return new DiskStamp(text, AfterSecond(seconds));
    }

    private static bool TryReadState(SafeFileHandle file, Span<byte> state) =>
        TryAsk(file, state)
        && (BinaryPrimitives.ReadUInt32LittleEndian(state) & Basic) == Basic
        && KindOf(state) == RegularKind;

    private static int KindOf(ReadOnlySpan<byte> state) =>
        BinaryPrimitives.ReadUInt16LittleEndian(state[ModeAt..]) & KindMask;

    private static bool TryAsk(SafeFileHandle file, Span<byte> state)
    {
        try
        {
            return Statx(file, "", EmptyPath, BasicAndBirth | Mount | MountOnce, ref state[0]) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>A file system that failed and was mounted again may have lost the last times, as after a power loss.
    /// </summary>
    private static ulong MountOf(ReadOnlySpan<byte> state) =>
        (BinaryPrimitives.ReadUInt32LittleEndian(state) & (Mount | MountOnce)) == 0 ? 0 : U64(state, MountAt);

    private static bool IsLocal(SafeFileHandle file)
    {
        Span<byte> answer = stackalloc byte[FileSystemBytes];
        return BitConverter.IsLittleEndian
            && FileSystemOf(file, ref answer[0]) == 0
            && LocalFileSystems.Contains(BinaryPrimitives.ReadUInt32LittleEndian(answer));
    }

    private static string? TryReadBootId()
    {
        try
        {
            return File.ReadAllText(BootIdPath).Trim() is { Length: > 0 } id ? id : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The end of a second, as far as there are such times.</summary>
    private static DateTimeOffset AfterSecond(long seconds) =>
        seconds < DateTimeOffset.MaxValue.ToUnixTimeSeconds() && seconds >= 0
            ? DateTimeOffset.FromUnixTimeSeconds(seconds + 1)
            : DateTimeOffset.MaxValue;

    private static ulong U64(ReadOnlySpan<byte> state, int at) => BinaryPrimitives.ReadUInt64LittleEndian(state[at..]);

    private static long Seconds(ReadOnlySpan<byte> state, int at) =>
        BinaryPrimitives.ReadInt64LittleEndian(state[at..]);

    private static string Time(ReadOnlySpan<byte> state, int at) =>
        $"{Seconds(state, at)}.{BinaryPrimitives.ReadUInt32LittleEndian(state[(at + sizeof(long))..]):d9}";

    [DllImport("libc", EntryPoint = "statx", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false,
        ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(
        SafeFileHandle folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, ref byte state);

    [DllImport("libc", EntryPoint = "fstatfs", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FileSystemOf(SafeFileHandle file, ref byte answer);
}
