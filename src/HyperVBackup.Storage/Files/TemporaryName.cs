using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Storage.Files;

/// <summary>The file name of a blob that has no name yet: <c>.tmp-</c>, the name it is to have, <c>~</c> (which no
/// blob's name holds), and a suffix that is different every time. It lies in the blob's own folder.</summary>
internal static class TemporaryName
{
    private const string Prefix = ".tmp-";
    private const char SuffixMark = '~';

    internal static string Of(string fileName, string suffix) => Prefix + fileName + SuffixMark + suffix;

    internal static bool TryParse(string temporaryName, [NotNullWhen(true)] out string? fileName)
    {
        int end = temporaryName.LastIndexOf(SuffixMark);
        bool isOurs = end > Prefix.Length && temporaryName.StartsWith(Prefix, StringComparison.Ordinal);
        fileName = isOurs ? temporaryName[Prefix.Length..end] : null;
        return isOurs;
    }
}
