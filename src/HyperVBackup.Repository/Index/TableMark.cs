using HyperVBackup.Format;

namespace HyperVBackup.Repository.Index;

/// <summary>Which settled table belongs to a save, and what must stand in it.</summary>
/// <param name="Number">Part of its file's name; 0 where there is none.</param>
/// <param name="EntryCount">Entries in it.</param>
/// <param name="GroupBits">The leading bits of a key that choose its group.</param>
/// <param name="DirectoryHash">BLAKE3 of its directory, which holds the sums of all the rest.</param>
internal sealed record TableMark(long Number, long EntryCount, int GroupBits, Digest DirectoryHash)
{
    public static TableMark None { get; } = new(0, 0, 0, default);

    public bool IsNone => Number == 0;
}
