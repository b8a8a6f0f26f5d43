using Xunit;

namespace HyperVBackup.Architecture;

/// <summary>A rule holds where nothing violates it; the failure lists every place.</summary>
internal static class Rule
{
    internal static void Holds(string rule, IEnumerable<string> violations)
    {
        string[] found = [.. violations.Distinct().Order(StringComparer.Ordinal)];
        Assert.True(
            found.Length == 0,
            string.Join(Environment.NewLine, [$"{rule} Found {found.Length}:", .. found.Select(line => "  " + line)]));
    }
}
