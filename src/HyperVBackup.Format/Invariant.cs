using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace HyperVBackup.Format;

/// <summary>States what our own code guarantees; on in Release too, and never caught.</summary>
public static class Invariant
{
    /// <exception cref="InvalidOperationException">A defect of this program.</exception>
    public static void Check(
        [DoesNotReturnIf(false)] bool holds,
        [CallerArgumentExpression(nameof(holds))] string claim = "")
    {
        if (!holds)
        {
            throw new InvalidOperationException($"A defect of HyperVBackup: '{claim}' does not hold.");
        }
    }
}
