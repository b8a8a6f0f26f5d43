using System.Text.Json;

namespace HyperVBackup.Disks.Changes;

/// <summary>Texts in a JSON text, whose bytes the reader itself does not hold against UTF-8 and UTF-16.</summary>
internal static class JsonText
{
    /// <exception cref="MalformedJsonException">The text is not valid UTF-8, or escapes half a character.</exception>
    internal static string Of(ref Utf8JsonReader token)
    {
        try
        {
            return token.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw NotUnicode(e);
        }
    }

    /// <exception cref="MalformedJsonException">The text escapes half a character.</exception>
    internal static bool Is(ref Utf8JsonReader token, ReadOnlySpan<byte> text)
    {
        try
        {
            return token.ValueTextEquals(text);
        }
        catch (InvalidOperationException e)
        {
            throw NotUnicode(e);
        }
    }

    private static MalformedJsonException NotUnicode(InvalidOperationException inner) =>
        new("a text in it is not valid Unicode", inner);
}
