using System.Diagnostics.CodeAnalysis;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Points;

/// <summary>What a disk may be called: 1 to 200 characters that can stand as a file's name, for disks are restored
/// under it. No '/', '\' or control character, and neither "." nor "..".</summary>
public static class DiskName
{
    public static bool IsValid([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= FormatLimits.NameLengthMax } and not ("." or "..")
        && HasOnlyAllowed(text)
        && StoredText.IsWellFormed(text);

    private static bool HasOnlyAllowed(string text)
    {
        foreach (char character in text)
        {
            if (character is '/' or '\\' || char.IsControl(character))
            {
                return false;
            }
        }

        return true;
    }
}
