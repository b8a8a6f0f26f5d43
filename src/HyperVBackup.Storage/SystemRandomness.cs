using System.Security.Cryptography;
using HyperVBackup.Storage.Native;

namespace HyperVBackup.Storage;

/// <summary>Random bytes from the operating system, good enough for keys. On Linux .NET's own generator loads OpenSSL
/// first, which takes longer than all else it takes to begin a session. Thread-safe.</summary>
public static class SystemRandomness
{
    private const int SuffixBytes = 8;

    public static void Fill(Span<byte> bytes)
    {
        bool isFilled = OperatingSystem.IsLinux() && Libc.FillRandom(bytes) == 0;
        if (!isFilled)
        {
            RandomNumberGenerator.Fill(bytes);
        }
    }

    /// <summary>Text that no other temporary file's name ends in.</summary>
    internal static string NewSuffix()
    {
        Span<byte> bytes = stackalloc byte[SuffixBytes];
        Fill(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
