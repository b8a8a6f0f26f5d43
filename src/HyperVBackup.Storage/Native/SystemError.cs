using System.Runtime.InteropServices;

namespace HyperVBackup.Storage.Native;

/// <summary>Turns what the system said into one sentence: what was attempted, on which file, and what to do.</summary>
internal static class SystemError
{
    private const int ErrorNumberMax = 4095;

    /// <param name="attempt">A verb that the path can follow: "write to", "flush".</param>
    internal static StoreException ToException(int code, string attempt, string path) =>
        new(Sentence(attempt, path, WordsOf(code), code));

    /// <param name="attempt">A verb that the path can follow: "write to", "flush".</param>
    internal static StoreException ToException(Exception error, string attempt, string path)
    {
        int code = CodeOf(error);
        return new StoreException(Sentence(attempt, path, code > 0 ? WordsOf(code) : error.Message, code), error);
    }

    /// <summary>True for what the file calls of .NET throw where the system refused.</summary>
    internal static bool IsFromSystem(Exception error) => error is IOException or UnauthorizedAccessException;

    /// <summary>.NET puts the path behind the words: <c>No space left on device : '/a/b'</c>.</summary>
    internal static string AdvisedMessageOf(Exception failure)
    {
        int code = failure is IOException ? CodeOf(failure) : 0;
        string message = failure.Message.TrimEnd('.', ' ');
        int pathAt = message.LastIndexOf(" : '", StringComparison.Ordinal);
        return pathAt < 0 || code == 0
            ? message + AdviceFor(code)
            : Sentence("use", message[(pathAt + 4)..^1], message[..pathAt], code);
    }

    private static string Sentence(string attempt, string path, string words, int code) =>
        $"Cannot {attempt} '{path}': {words.TrimEnd('.', '\r', '\n', ' ')}{AdviceFor(code)}.";

    private static string AdviceFor(int code)
    {
        if (IsFull(code))
        {
            return "; free some space there and run again";
        }

        if (IsReadOnly(code))
        {
            return "; mount it for writing, and see the system's log for why it is not";
        }

        if (IsOfDevice(code))
        {
            return "; the system's log says what is wrong with the disk or the way to it";
        }

        return IsOtherFileSystem(code) ? "; all folders of a repository must lie on one file system" : "";
    }

    private static string WordsOf(int code) => Marshal.GetPInvokeErrorMessage(code);

    private static bool IsFull(int code) => OperatingSystem.IsWindows()
        ? code is Kernel32.DiskFull or Kernel32.HandleDiskFull
        : code == Libc.NoSpace || code == Libc.QuotaExceeded;

    private static bool IsReadOnly(int code) =>
        code == (OperatingSystem.IsWindows() ? Kernel32.WriteProtected : Libc.ReadOnly);

    private static bool IsOfDevice(int code) =>
        code == (OperatingSystem.IsWindows() ? Kernel32.DeviceFailed : Libc.DeviceFailed);

    private static bool IsOtherFileSystem(int code) =>
        code == (OperatingSystem.IsWindows() ? Kernel32.OtherFileSystem : Libc.OtherFileSystem);

    /// <summary>The system's error number, or 0 where .NET does not tell it.</summary>
    private static int CodeOf(Exception error)
    {
        if (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return Libc.NotThere;
        }

        int result = (error is UnauthorizedAccessException ? error.InnerException ?? error : error).HResult;
        int code = OperatingSystem.IsWindows() ? result & 0xffff : result;
        return code is > 0 and <= ErrorNumberMax ? code : 0;
    }
}
