namespace HyperVBackup.Format.Packs;

/// <summary>What a pack holds: records of chunks and of map data never share one. Parity files are named and deleted as
/// packs are, and are none in any other way.</summary>
public enum PackKind : byte
{
    Chunks = 1,
    Maps = 2,
    Parity = 3,
}
