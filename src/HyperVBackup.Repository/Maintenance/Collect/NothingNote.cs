using System.Buffers.Binary;
using HyperVBackup.Format;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// What the last collector of this host listed when it found nothing to do, so that the next one need not find it out
/// again: names say all, as nothing under a name ever changes. A note that is damaged or gone costs time only.
/// </summary>
/// <param name="path">Null where the host keeps nothing.</param>
internal sealed class NothingNote(string? path)
{
    private const int BytesAt = Digest.SizeBytes;
    private const int ChecksumAt = BytesAt + sizeof(long);
    private const int SizeBytes = ChecksumAt + Digest.SizeBytes;

    /// <returns>The bytes of all packs then; null where something else was listed, or nothing is known.</returns>
    public long? TryRead(Digest listing)
    {
        try
        {
            byte[] note = path is not null && File.Exists(path) ? ReplaceableFile.Read(path, SizeBytes) : [];
            bool isNote = note.Length == SizeBytes
                && new Digest(note.AsSpan(0, Digest.SizeBytes)) == listing
                && new Digest(note.AsSpan(ChecksumAt)) == ChecksumOf(note);
            return isNote ? BinaryPrimitives.ReadInt64LittleEndian(note.AsSpan(BytesAt)) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Write(Digest listing, long packBytes)
    {
        if (path is null)
        {
            return;
        }

        byte[] note = new byte[SizeBytes];
        listing.WriteTo(note);
        BinaryPrimitives.WriteInt64LittleEndian(note.AsSpan(BytesAt), packBytes);
        ChecksumOf(note).WriteTo(note.AsSpan(ChecksumAt));
        try
        {
            using DurableFile file = DurableFile.Create(path);
            RandomAccess.Write(file.Handle, note, 0);
            file.PublishReplacing();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or StoreException)
        {
            return; // see the summary
        }
    }

    private static Digest ChecksumOf(byte[] note) =>
        ContentHasher.Plain.IdOfList(note.AsSpan(0, ChecksumAt)).Value;
}
