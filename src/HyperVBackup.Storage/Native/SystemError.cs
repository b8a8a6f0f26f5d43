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

    private static string Sentence(string attempt, string path, string words, int code) =>
        $"Cannot {attempt} '{path}': {words.TrimEnd('.', '\r', '\n', ' ')}{AdviceFor(code)}.";

    private static string AdviceFor(int code)
    {
        if (IsFull(code))
        {
            return "; free some space there and run again";
        }

        return IsOtherFileSystem(code) ? "; all folders of a repository must lie on one file system" : "";
    }

    private static string WordsOf(int code) => Marshal.GetPInvokeErrorMessage(code);

    private static bool IsFull(int code) => OperatingSystem.IsWindows()
        ? code is Kernel32.DiskFull or Kernel32.HandleDiskFull
        : code == Libc.NoSpace || code == Libc.QuotaExceeded;

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
