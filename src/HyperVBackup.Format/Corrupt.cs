using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format;

/// <summary>Refuses stored bytes that break the format.</summary>
public static class Corrupt
{
    /// <exception cref="CorruptDataException"><paramref name="holds"/> is false.</exception>
    public static void Unless([DoesNotReturnIf(false)] bool holds, string what)
    {
        if (!holds)
        {
            throw new CorruptDataException(what);
        }
    }
}
