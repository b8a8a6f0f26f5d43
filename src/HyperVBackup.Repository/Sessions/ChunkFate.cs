namespace HyperVBackup.Repository.Sessions;

/// <summary>What a session does with a chunk it was asked about.</summary>
public enum ChunkFate : byte
{
    /// <summary>All zeros: never stored.</summary>
    Zero,

    /// <summary>Its record stands confirmed in a published pack.</summary>
    Stored,

    /// <summary>This session is storing it already; <see cref="WritingSession.PlaceOf"/> tells where, later.</summary>
    Repeated,

    /// <summary>To be encoded and stored by whoever asked.</summary>
    New,
}
