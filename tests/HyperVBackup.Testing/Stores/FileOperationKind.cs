namespace HyperVBackup.Testing.Stores;

/// <summary>What <see cref="RecordingFiles"/> records.</summary>
public enum FileOperationKind
{
    MakeFolder,
    Create,
    Write,
    FlushFile,
    Rename,
    FlushFolder,
    Delete,
}
