using System.Runtime.InteropServices;

namespace HyperVBackup.HyperV.Native;

/// <summary>Texts that Windows writes into a buffer.</summary>
internal static unsafe class WindowsText
{
    /// <summary>The longest path that Windows has, with its end.</summary>
    private const int CharCountMax = 32767 + 1;

    /// <param name="buffer">To be filled.</param>
    /// <param name="lengthChars">Its room.</param>
    /// <returns>Whether it was.</returns>
    public delegate bool Call(char* buffer, uint lengthChars);

    /// <returns>The text; or null and the error number.</returns>
    public static (string? Text, uint Error) Read(Call call)
    {
        char[] room = new char[CharCountMax];
        fixed (char* buffer = room)
        {
            return call(buffer, CharCountMax)
                ? (new string(buffer), 0)
                : (null, (uint)Marshal.GetLastPInvokeError());
        }
    }
}
