namespace HyperVBackup.Qemu.Nbd;

/// <summary>Numbers of the NBD protocol, big-endian on the wire.</summary>
internal static class NbdWords
{
    public const ulong InitialMagic = 0x4e42444d41474943;
    public const ulong OptionMagic = 0x49484156454f5054;
    public const ulong OptionReplyMagic = 0x3e889045565a9;
    public const uint RequestMagic = 0x25609513;
    public const uint SimpleReplyMagic = 0x67446698;
    public const uint StructuredReplyMagic = 0x668e33ef;

    public const ushort FixedNewstyle = 1;
    public const ushort NoZeroes = 2;

    public const uint OptionGo = 7;
    public const uint OptionStructuredReply = 8;
    public const uint OptionSetMetaContext = 10;

    public const uint ReplyAcknowledged = 1;
    public const uint ReplyTold = 3;
    public const uint ReplyMetaContext = 4;
    public const uint ReplyErrorBit = 1u << 31;

    public const ushort ToldExport = 0;
    public const ushort ToldBlockSize = 3;

    public const ushort HasFlags = 1;

    public const ushort CommandRead = 0;
    public const ushort CommandDisconnect = 2;
    public const ushort CommandBlockStatus = 7;

    public const ushort ChunkDone = 1;
    public const ushort ChunkNone = 0;
    public const ushort ChunkData = 1;
    public const ushort ChunkHole = 2;
    public const ushort ChunkBlockStatus = 5;
    public const ushort ChunkErrorBit = 1 << 15;

    /// <summary>Flag of <c>base:allocation</c>: reads as zeros.</summary>
    public const uint StateZero = 2;

    /// <summary>Flag of <c>qemu:dirty-bitmap:…</c>.</summary>
    public const uint StateDirty = 1;

    /// <summary>More than any option reply or error needs.</summary>
    public const int OptionBytesMax = 64 << 10;
}
