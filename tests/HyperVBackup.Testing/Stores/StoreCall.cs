namespace HyperVBackup.Testing.Stores;

/// <summary>A call of a <see cref="MemoryStore"/>; <paramref name="Name"/> is the blob's path or the prefix
/// listed.</summary>
public readonly record struct StoreCall(StoreCallKind Kind, string Name);
