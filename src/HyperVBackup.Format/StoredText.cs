using System.Text;

namespace HyperVBackup.Format;

/// <summary>Text as stored: strict UTF-8, so that every text has one encoding and reads back as it was.</summary>
internal static class StoredText
{
    private const char SurrogateMin = '\ud800';
    private const char SurrogateMax = '\udfff';
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>True when the text holds no half of a surrogate pair.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAnyInRange(SurrogateMin, SurrogateMax))
        {
            return true;
        }

        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out _, out int length) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }

            text = text[length..];
        }

        return true;
    }

    /// <exception cref="ArgumentException">The text is not well-formed.</exception>
    public static byte[] Write(string text) => Strict.GetBytes(text);

    public static bool TryRead(ReadOnlySpan<byte> bytes, out string text)
    {
        if (Ascii.IsValid(bytes))
        {
            text = Encoding.Latin1.GetString(bytes); // the same for these, in one pass
            return true;
        }

        bool isValid = System.Text.Unicode.Utf8.IsValid(bytes);
        text = isValid ? Strict.GetString(bytes) : "";
        return isValid;
    }
}
