using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Storage.Native;

/// <summary>The Windows calls behind durable files. Each returns 0 or the error number.</summary>
internal static partial class Kernel32
{
    internal const int AccessDenied = 5;
    internal const int OtherFileSystem = 17;
    internal const int SharingViolation = 32;
    internal const int WriteProtected = 19;
    internal const int FileExists = 80;
    internal const int AlreadyExists = 183;
    internal const int DeviceFailed = 1117;
    internal const int HandleDiskFull = 39;
    internal const int DiskFull = 112;

    private const int ReplaceTryCountMax = 100;
    private const uint MoveReplaceExisting = 1;
    private const uint MoveWriteThrough = 8;

    internal static int Flush(SafeFileHandle file) => FlushFileBuffers(file) ? 0 : Marshal.GetLastPInvokeError();

    internal static int RenameNew(string fromPath, string toPath) => Move(fromPath, toPath, MoveWriteThrough);

    /// <summary>Refused while anybody has the old file open, however it is shared: a reader of a small file, or a
    /// virus scanner, is done in a moment.</summary>
    internal static int RenameReplacing(string fromPath, string toPath)
    {
        SpinWait patience = default;
        int error = Move(fromPath, toPath, MoveWriteThrough | MoveReplaceExisting);
        while (error is AccessDenied or SharingViolation && patience.Count < ReplaceTryCountMax)
        {
            patience.SpinOnce();
            error = Move(fromPath, toPath, MoveWriteThrough | MoveReplaceExisting);
        }

        return error;
    }

    private static int Move(string fromPath, string toPath, uint flags) =>
        MoveFileExW(LongPath(fromPath), LongPath(toPath), flags) ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Without this prefix the call refuses paths of 260 characters and more.</summary>
    private static string LongPath(string path)
    {
        string full = Path.GetFullPath(path);
        if (full.StartsWith(@"\\?\", StringComparison.Ordinal) || full.StartsWith(@"\\.\", StringComparison.Ordinal))
        {
            return full;
        }

        return full.StartsWith(@"\\", StringComparison.Ordinal) ? @"\\?\UNC\" + full[2..] : @"\\?\" + full;
    }

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FlushFileBuffers(SafeFileHandle file);

    [LibraryImport("kernel32", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool MoveFileExW(string fromPath, string toPath, uint flags);
}
