namespace HyperVBackup.Testing.Stores;

/// <summary>What a <see cref="MemoryStore"/> was asked to do.</summary>
public enum StoreCallKind
{
    Create,
    Append,
    Publish,
    Put,
    GetLength,
    Read,
    List,
    Delete,
    Mend,
    DeleteTemporaries,
    ReadTime,
}
