namespace HyperVBackup.Blake3;

/// <summary>What a block is, mixed into its compression, so that no block can pass for another kind.</summary>
[Flags]
internal enum BlockFlags : uint
{
    None = 0,
    ChunkStart = 1,
    ChunkEnd = 2,
    Parent = 4,
    Root = 8,
    KeyedHash = 16,
    DeriveKeyContext = 32,
    DeriveKeyMaterial = 64,
}
