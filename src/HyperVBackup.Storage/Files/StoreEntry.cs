namespace HyperVBackup.Storage.Files;

/// <summary>What a folder holds under <paramref name="Name"/> (one part of a path).</summary>
public readonly record struct StoreEntry(string Name, bool IsFolder);
