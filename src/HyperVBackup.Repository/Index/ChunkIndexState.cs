namespace HyperVBackup.Repository.Index;

/// <summary>What an index can still do.</summary>
public enum ChunkIndexState
{
    /// <summary>It looks up and takes new entries.</summary>
    Working,

    /// <summary>It still looks up, but its memory budget is used: new entries and covered sessions are ignored, so
    /// there is no use in telling it more.</summary>
    Full,

    /// <summary>Its storage failed or did not answer in time: it finds nothing, covers nothing and takes nothing any
    /// more. The next opening starts with an empty one.</summary>
    Abandoned,
}
