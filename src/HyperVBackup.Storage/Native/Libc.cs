using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Storage.Native;

/// <summary>The calls of the C library that .NET lacks, or whose errors it swallows. Each is made again where a
/// signal interrupted it and returns 0 (or a handle), or the error number.</summary>
internal static partial class Libc
{
    internal const int NotThere = 2;
    internal const int Interrupted = 4;
    internal const int DeviceFailed = 5;
    internal const int Exists = 17;
    internal const int OtherFileSystem = 18;
    internal const int Invalid = 22;
    internal const int NoSpace = 28;
    internal const int ReadOnly = 30;
    internal static readonly int NotImplemented = OperatingSystem.IsMacOS() ? 78 : 38;
    internal static readonly int NotSupported = OperatingSystem.IsMacOS() ? 45 : 95;
    internal static readonly int QuotaExceeded = OperatingSystem.IsMacOS() ? 69 : 122;

    private const int CurrentFolder = -100;
    private const uint RenameNoReplace = 1;
    private static readonly int OpenFlags = OperatingSystem.IsLinux() ? CloseOnExecute : 0;
    private const int CloseOnExecute = 0x80000;

    /// <summary>Never called again after it failed: the second call would say all is well.</summary>
    internal static int Flush(SafeFileHandle file)
    {
        int error;
        do
        {
            error = ErrorOf(fsync(file));
        }
        while (error == Interrupted);
        return error;
    }

    /// <summary>Linux only. Has the system begin to write what is dirty in a file, without waiting for it. It reports
    /// no failed write, and takes none away from <see cref="Flush"/>.</summary>
    internal static void BeginFlush(SafeFileHandle file)
    {
        const long ToTheEnd = 0;
        const uint BeginWriting = 2;
        _ = sync_file_range(file, 0, ToTheEnd, BeginWriting);
    }

    /// <summary>Linux only. Has the system forget what of a file it holds in memory and has written.</summary>
    internal static void ForgetFlushed(SafeFileHandle file)
    {
        const long ToTheEnd = 0;
        const int NotNeeded = 4;
        _ = posix_fadvise(file, 0, ToTheEnd, NotNeeded);
    }

    /// <summary>Linux only. Fills a span from the system's own generator.</summary>
    internal static unsafe int FillRandom(Span<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (int done = 0; done < bytes.Length;)
            {
                nint count = getrandom(start + done, (nuint)(bytes.Length - done), 0);
                int error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (error != 0 && error != Interrupted)
                {
                    return error;
                }

                done += (int)Math.Max(count, 0);
            }
        }

        return 0;
    }

    /// <summary>Linux only. The number by which statfs(2) names the kind of file system that a folder lies on.
    /// </summary>
    internal static unsafe int FindFileSystem(string path, out long kind)
    {
        const int RoomBytes = 256; // the structure has 120 bytes, and begins with the number
        byte* room = stackalloc byte[RoomBytes];
        int error;
        do
        {
            error = ErrorOf(statfs(path, room));
        }
        while (error == Interrupted);
        kind = *(nint*)room & 0xFFFFFFFFL;
        return error;
    }

    internal static int OpenFolder(string path, out SafeFileHandle folder)
    {
        int handle;
        do
        {
            handle = open(path, OpenFlags);
        }
        while (handle < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        int error = ErrorOf(handle);
        folder = new SafeFileHandle(handle, ownsHandle: true);
        return error;
    }

    /// <summary>Linux only. A C library too old to know the call counts as a kernel that does not implement
    /// it.</summary>
    internal static int RenameNew(string fromPath, string toPath)
    {
        try
        {
            return Repeat(fromPath, toPath, static (from, to) =>
                renameat2(CurrentFolder, from, CurrentFolder, to, RenameNoReplace));
        }
        catch (EntryPointNotFoundException)
        {
            return NotImplemented;
        }
    }

    internal static int RenameReplacing(string fromPath, string toPath) =>
        Repeat(fromPath, toPath, static (from, to) => rename(from, to));

    internal static int Link(string fromPath, string toPath) =>
        Repeat(fromPath, toPath, static (from, to) => link(from, to));

    internal static int Unlink(string path) => Repeat(path, path, static (it, _) => unlink(it));

    private static int Repeat(string fromPath, string toPath, Func<string, string, int> call)
    {
        int error;
        do
        {
            error = ErrorOf(call(fromPath, toPath));
        }
        while (error == Interrupted);
        return error;
    }

    private static int ErrorOf(int result) => result < 0 ? Marshal.GetLastPInvokeError() : 0;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statfs(string path, byte* output);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint getrandom(byte* bytes, nuint count, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle file);

    [LibraryImport("libc")]
    private static partial int sync_file_range(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport("libc")]
    private static partial int posix_fadvise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rename(string fromPath, string toPath);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat2(int fromFolder, string fromPath, int toFolder, string toPath, uint flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int link(string fromPath, string toPath);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unlink(string path);
}
