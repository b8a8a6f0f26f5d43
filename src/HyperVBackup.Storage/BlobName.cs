namespace HyperVBackup.Storage;

/// <summary>The name of a blob: a relative path of lower-case letters, digits, '-', '.', '_' and '/', whose parts
/// are neither empty nor begin with a dot (that is the store's own <c>.tmp</c>). At most 200 characters.</summary>
public readonly record struct BlobName
{
    public const int LengthMax = 200;

    public BlobName(string path)
    {
        if (!IsValid(path))
        {
            throw new ArgumentException($"'{path}' is not a blob name.", nameof(path));
        }

        Path = path;
    }

    public string Path { get; }

    public static bool IsValid(string? path)
    {
        if (path is not { Length: > 0 and <= LengthMax } || path[^1] == '/')
        {
            return false;
        }

        char before = '/';
        foreach (char character in path)
        {
            bool isInPart = char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character)
                || character is '-' or '_';
            if (!isInPart && (before == '/' || character is not ('.' or '/')))
            {
                return false;
            }

            before = character;
        }

        return true;
    }

    public override string ToString() => Path;
}
