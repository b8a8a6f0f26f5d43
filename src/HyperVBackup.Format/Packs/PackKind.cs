namespace HyperVBackup.Format.Packs;

/// <summary>What a pack holds: records of chunks and of map data never share one.</summary>
public enum PackKind : byte
{
    Chunks = 1,
    Maps = 2,
}
