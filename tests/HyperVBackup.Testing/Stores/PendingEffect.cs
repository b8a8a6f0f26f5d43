namespace HyperVBackup.Testing.Stores;

/// <summary>One thing that was done and not flushed, so that a power loss may keep it or take it back: a name that came
/// into a folder or left it, or bytes written to a file.</summary>
/// <param name="Folder">Of a name; else empty.</param>
/// <param name="File">What the name names; null where it was taken away.</param>
/// <param name="Write">Of bytes.</param>
internal sealed record PendingEffect(string Folder, string Name, int? File, FileOperation? Write)
{
    /// <summary>What one flush makes durable together.</summary>
    internal object FlushedWith => Write is { } write ? write.File : Folder;

    public override string ToString() => Write is not null ? $"{Write}"
        : $"{(File is null ? "no " : "")}{Path.Join(Folder, Name)}";

    /// <summary>What an operation does that waits for a flush, in the order in which it is done.</summary>
    internal static IEnumerable<PendingEffect> Of(FileOperation operation)
    {
        switch (operation.Kind)
        {
            case FileOperationKind.MakeFolder:
                yield return Named(operation.Path, RecordedState.IsFolder);
                break;
            case FileOperationKind.Create:
                yield return Named(operation.Path, operation.File);
                break;
            case FileOperationKind.Write:
                yield return new PendingEffect("", "", operation.File, operation);
                break;
            case FileOperationKind.Rename:
                yield return Named(operation.ToPath!, operation.File);
                yield return Named(operation.Path, null);
                break;
            case FileOperationKind.Delete:
                yield return Named(operation.Path, null);
                break;
            default:
                break;
        }
    }

    private static PendingEffect Named(string path, int? file) =>
        new(Path.GetDirectoryName(path)!, Path.GetFileName(path), file, null);
}
