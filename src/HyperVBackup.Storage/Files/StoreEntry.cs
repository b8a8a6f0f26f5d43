namespace HyperVBackup.Storage.Files;

/// <summary>What a folder holds under <paramref name="Name"/> (one part of a path).</summary>
public sealed record StoreEntry(string Name, bool IsFolder);
