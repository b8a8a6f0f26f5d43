using System.Diagnostics.CodeAnalysis;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Points;

/// <summary>
/// The name of a virtual machine: 1 to 200 characters, none of them '@', '/' or a control character. Two names that
/// differ in case only are equal. Immutable.
/// </summary>
public sealed class VmName : IEquatable<VmName>
{
    private const string IdentityPrefix = "name:";

    /// <exception cref="ArgumentException">Not a name; see <see cref="IsValid"/>.</exception>
    public VmName(string text)
    {
        if (!IsValid(text))
        {
            throw new ArgumentException(
                $"'{text}' is no name of a virtual machine: it must have 1 to {FormatLimits.NameLengthMax} "
                + "characters, and no '@', '/' or control character.",
                nameof(text));
        }

        Text = text;
    }

    /// <summary>As it was given, case and all.</summary>
    public string Text { get; }

    /// <summary>The identity of a machine that has none but its name: <c>name:NAME</c>.</summary>
    public string Identity => IdentityPrefix + Text;

    public static bool IsValid([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= FormatLimits.NameLengthMax }
        && HasOnlyAllowed(text)
        && StoredText.IsWellFormed(text);

    /// <summary>True for a GUID in lower case with hyphens, and for <c>name:NAME</c>.</summary>
    public static bool IsIdentity([NotNullWhen(true)] string? text) =>
        text is not null
        && (text.StartsWith(IdentityPrefix, StringComparison.Ordinal)
            ? IsValid(text[IdentityPrefix.Length..])
            : Guid.TryParseExact(text, "D", out Guid guid) && guid.ToString("D") == text);

    public bool Equals(VmName? other) =>
        other is not null && string.Equals(Text, other.Text, StringComparison.OrdinalIgnoreCase);

    public override bool Equals(object? obj) => Equals(obj as VmName);

    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(Text);

    public override string ToString() => Text;

    private static bool HasOnlyAllowed(string text)
    {
        foreach (char character in text)
        {
            if (character is '@' or '/' || char.IsControl(character))
            {
                return false;
            }
        }

        return true;
    }
}
