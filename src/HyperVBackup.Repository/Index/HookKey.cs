using System.Buffers.Binary;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Index;

/// <summary>Under what the index keeps a record's hook: eight bytes of a page's hash and zeros, which is no chunk's
/// id. A wrong hit costs a look at the wrong pack, no more.</summary>
internal static class HookKey
{
    /// <summary>The key of a page, by its hash.</summary>
    public static ChunkId Of(Digest pageHash) => Of(pageHash.Prefix);

    /// <summary>True for keys made here.</summary>
    public static bool IsHook(ChunkId key) => !key.IsZero && key == Of(key.Value.Prefix);

    /// <param name="hook">As in a pack's table; not zero.</param>
    public static ChunkId Of(ulong hook)
    {
        Span<byte> bytes = stackalloc byte[Digest.SizeBytes];
        bytes.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(bytes, hook);
        return new ChunkId(new Digest(bytes));
    }
}
