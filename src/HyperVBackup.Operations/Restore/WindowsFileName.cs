using System.Buffers;

namespace HyperVBackup.Operations.Restore;

/// <summary>What Windows lets a file be called. A name with ':' would not be refused there: the bytes would go into a
/// second stream of another file.</summary>
internal static class WindowsFileName
{
    private const int FirstPlain = ' ';
    private static readonly SearchValues<char> Refused = SearchValues.Create("<>:\"/\\|?*");

    /// <summary>Devices, in every folder, and with any extension.</summary>
    private static readonly string[] Devices = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

    public static bool IsValid(string name) =>
        name.Length > 0
        && !name.AsSpan().ContainsAny(Refused)
        && !name.Any(character => character < FirstPlain)
        && name[^1] is not ('.' or ' ')
        && !IsDevice(name.Split('.')[0].TrimEnd(' '));

    private static bool IsDevice(string name) =>
        Devices.Contains(name, StringComparer.OrdinalIgnoreCase)
        || (name.Length == 4
            && (name.StartsWith("COM", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("LPT", StringComparison.OrdinalIgnoreCase))
            && "0123456789¹²³".Contains(name[3], StringComparison.Ordinal));
}
