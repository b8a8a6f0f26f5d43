namespace HyperVBackup.Testing.Stores;

/// <summary>One change or flush. Together in their order these rebuild every state of the file system, also those in
/// which only flushed bytes and names are left.</summary>
/// <param name="Path">The file or folder by the name it had then; of a rename, the old one.</param>
/// <param name="File">Names the file for good, whatever it is called; 0 for folders.</param>
public sealed record FileOperation(FileOperationKind Kind, string Path, int File = 0)
{
    /// <summary>Of a rename, the new name.</summary>
    public string? ToPath { get; init; }

    /// <summary>Of a write.</summary>
    public long OffsetBytes { get; init; }

    /// <summary>Of a write. Shared with the file's content: not to be changed.</summary>
    public ReadOnlyMemory<byte> Bytes { get; init; }

    public override string ToString() => Kind switch
    {
        FileOperationKind.Rename => $"{Kind} {Path} to {ToPath}",
        FileOperationKind.Write => $"{Kind} {Path} at {OffsetBytes}, {Bytes.Length} bytes",
        _ => $"{Kind} {Path}",
    };
}
