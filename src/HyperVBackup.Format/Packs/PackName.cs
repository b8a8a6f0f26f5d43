using System.Globalization;

namespace HyperVBackup.Format.Packs;

/// <summary>Names a pack of a session, numbered among those of its kind; see repo-format/README.md.</summary>
public readonly record struct PackName(PackKind Kind, SessionId Session, uint Number)
{
    /// <summary>Where the pack lies: <c>packs/xx/session-n</c>, <c>maps/xx/session-n</c> or <c>parity/xx/session-n</c>.
    /// </summary>
    public string BlobName => string.Create(
        CultureInfo.InvariantCulture, $"{FolderOf(Kind)}{Session.ToString()[..2]}/{Session}-{Number}");

    /// <summary>Where the second copy of a map pack lies; chunk packs have none.</summary>
    public string MirrorBlobName => "mirror/" + BlobName;

    public override string ToString() => BlobName;

    /// <summary>Reads a name as <see cref="BlobName"/> writes it.</summary>
    public static bool TryParse(ReadOnlySpan<char> blobName, out PackName name)
    {
        name = default;
        PackKind kind = blobName.StartsWith(FileNames.ChunkPackFolder) ? PackKind.Chunks
            : blobName.StartsWith(FileNames.ParityFolder) ? PackKind.Parity
            : PackKind.Maps;
        int dash = blobName.LastIndexOf('-');
        if (dash < SessionId.TextLength
            || !SessionId.TryParse(blobName[(dash - SessionId.TextLength)..dash], out SessionId session)
            || !uint.TryParse(blobName[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
        {
            return false;
        }

        name = new PackName(kind, session, number);
        return blobName.SequenceEqual(name.BlobName);
    }

    private static string FolderOf(PackKind kind) => kind switch
    {
        PackKind.Chunks => FileNames.ChunkPackFolder,
        PackKind.Parity => FileNames.ParityFolder,
        _ => FileNames.MapPackFolder,
    };
}
