namespace HyperVBackup.Storage.Files;

/// <summary>What a file is called that has no name yet. A blob's lies in <see cref="Folder"/>, at the root of its
/// store: the name it is to have, with '+' for '/', then <c>~</c> (neither is in any blob's name) and a suffix that is
/// different every time.</summary>
internal static class TemporaryName
{
    /// <summary>One for all blobs, so that finding those left behind costs one listing, however many folders the
    /// store has. It begins with a dot, as no part of a blob's name does.</summary>
    internal const string Folder = ".tmp";
    private const char FolderMark = '+';
    private const char SuffixMark = '~';

    internal static string Of(BlobName name, string suffix) =>
        name.Path.Replace('/', FolderMark) + SuffixMark + suffix;

    /// <returns>False for a file that is not a blob's temporary one.</returns>
    internal static bool TryParse(string temporaryName, out BlobName name)
    {
        int end = temporaryName.LastIndexOf(SuffixMark);
        string path = end < 0 ? "" : temporaryName[..end].Replace(FolderMark, '/');
        bool isOurs = BlobName.IsValid(path);
        name = isOurs ? new BlobName(path) : default;
        return isOurs;
    }

    /// <summary>For a file outside a store, which lies beside the one it becomes.</summary>
    internal static string Beside(string fileName, string suffix) => ".tmp-" + fileName + SuffixMark + suffix;
}
