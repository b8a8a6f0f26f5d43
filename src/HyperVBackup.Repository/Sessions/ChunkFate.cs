namespace HyperVBackup.Repository.Sessions;

/// <summary>What a session does with a chunk it was asked about.</summary>
public enum ChunkFate : byte
{
    /// <summary>All zeros: never stored.</summary>
    Zero,

    /// <summary>Its record stands confirmed in a published pack, or this session has appended it to one of its own,
    /// which is durable before the session commits.</summary>
    Stored,

    /// <summary>This session is about to append it; <see cref="WritingSession.PlaceOf"/> tells where, later.</summary>
    Repeated,

    /// <summary>To be encoded and stored by whoever asked.</summary>
    New,
}
