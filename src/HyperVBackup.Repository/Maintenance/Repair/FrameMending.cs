using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>
/// Mends what of a pack's file is no record: its header, which follows from its name; its footer, which follows from
/// its records; and of a map pack whatever its other copy has. A sound header of another file stays as it is, as it
/// says that all that stands there is that file's: only a whole copy, or parity, then gives back what was there. So it
/// is where the header is lost and maps say, or may say, that this is another pack: a header made anew would hide it.
/// One thread at a time.
/// </summary>
internal sealed class FrameMending(BackupRepository repository, Mending mending)
{
    private const int PieceBytes = 1 << 20;
    private readonly IBlobStore store = repository.Store;
    private readonly PlaceCheck check = new(repository);

    /// <param name="isOwn">Whether what lies there is the pack that its name says, by what maps say of it; null where
    /// none does.</param>
    /// <returns>What it was mended from, in words; null where it could not be.</returns>
    public async Task<string?> TryMendAsync(DamagedPlace place, bool? isOwn, CancellationToken token)
    {
        if (!await check.ExistsAsync(place, token))
        {
            return null;
        }

        byte[] header = await Mending.ReadAsync(store, place.BlobName, 0, FileHeader.SizeBytes, token);
        FileHeader? found = TryRead(header);
        bool isLost = found is null;
        bool isAnother = !isLost && found != HeaderOf(place);
        if (place.Pack.Kind == PackKind.Chunks && (isAnother || isOwn == false || (isLost && isOwn is null)))
        {
            return null;
        }

        if (place.Pack.Kind == PackKind.Maps && (isAnother || (isLost && await IsWholeAsync(OtherOf(place), token))))
        {
            return await TryMendWholeAsync(place, token) ? "its second copy" : null;
        }

        await MendHeaderAsync(place, token);
        if (await check.IsGoodAsync(place, token))
        {
            return "its own name";
        }

        return place.Pack.Kind == PackKind.Maps && await TryMendFromCopyAsync(place, token) ? "its second copy"
            : await TryMendFooterAsync(place, token) ? "its own records"
            : null;
    }

    private static FileHeader? TryRead(byte[] header)
    {
        try
        {
            return FileHeader.Read(header);
        }
        catch (CorruptDataException)
        {
            return null;
        }
    }

    private static DamagedPlace OtherOf(DamagedPlace place) => place with { IsSecondCopy = !place.IsSecondCopy };

    private async Task<bool> IsWholeAsync(DamagedPlace place, CancellationToken token)
    {
        bool isWhole = true;
        await new PackCheck(store, repository.Id, repository.Hasher).RunAsync(
            place.Pack, place.BlobName, PackParts.All, (_, _, _) => isWhole = false, (_, _) => isWhole = false, token);
        return isWhole;
    }

    private FileHeader HeaderOf(DamagedPlace place) => new(
        place.Pack.Kind == PackKind.Chunks ? FileKind.ChunkPack : FileKind.MapPack, repository.Id, place.BlobName);

    private async Task MendHeaderAsync(DamagedPlace place, CancellationToken token)
    {
        byte[] header = new byte[FileHeader.SizeBytes];
        HeaderOf(place).WriteTo(header);
        byte[] found = await Mending.ReadAsync(store, place.BlobName, 0, header.Length, token);
        if (!found.AsSpan().SequenceEqual(header))
        {
            await mending.WriteAsync(place.BlobName, 0, header, token);
        }
    }

    /// <summary>Everything, of a copy in which every byte is good; the header last, so that where this is broken off it
    /// still says what the rest is not.</summary>
    private async Task<bool> TryMendWholeAsync(DamagedPlace place, CancellationToken token)
    {
        DamagedPlace other = OtherOf(place);
        if (!await IsWholeAsync(other, token) || !await TryCopyAsync(place, other, _ => FileHeader.SizeBytes, token))
        {
            return false;
        }

        await MendHeaderAsync(place, token);
        return await check.IsGoodAsync(place, token);
    }

    /// <summary>All that differs, of a copy whose own frame and length are good.</summary>
    private async Task<bool> TryMendFromCopyAsync(DamagedPlace place, CancellationToken token)
    {
        DamagedPlace other = OtherOf(place);
        if (!await check.IsGoodAsync(other, token))
        {
            return false;
        }

        PackFile? file = await PackFile.TryOpenAsync(store, repository.Id, place.Pack, other.BlobName, token);
        return file is not null && await TryCopyAsync(
            place, other, ownBytes => Math.Min(ownBytes, file.Trailer.PageSectionStartBytes), token);
    }

    private async Task<bool> TryReadAsync(DamagedPlace place, long atBytes, byte[] bytes, CancellationToken token)
    {
        try
        {
            return await store.TryReadAsync(new BlobName(place.BlobName), atBytes, bytes, token) == bytes.Length;
        }
        catch (StoreException)
        {
            await check.ExistsAsync(place, token); // which fails where it is the whole store
            return false;
        }
    }

    /// <param name="startOf">Where to begin, given how long the file is that is mended.</param>
    private async Task<bool> TryCopyAsync(
        DamagedPlace place, DamagedPlace other, Func<long, long> startOf, CancellationToken token)
    {
        if (await store.TryGetLengthAsync(new BlobName(other.BlobName), token) is not long lengthBytes
            || await store.TryGetLengthAsync(new BlobName(place.BlobName), token) is not long ownBytes
            || ownBytes > lengthBytes)
        {
            return false;
        }

        for (long atBytes = startOf(ownBytes); atBytes < lengthBytes; atBytes += PieceBytes)
        {
            int pieceBytes = (int)Math.Min(PieceBytes, lengthBytes - atBytes);
            byte[] bytes = new byte[pieceBytes];
            if (!await TryReadAsync(other, atBytes, bytes, token)
                || (!await HoldsAsync(place, atBytes, bytes, token)
                    && !await mending.WriteAsync(place.BlobName, atBytes, bytes, token)))
            {
                return false;
            }
        }

        return true;
    }

    private async Task<bool> HoldsAsync(DamagedPlace place, long atBytes, byte[] bytes, CancellationToken token)
    {
        byte[] found = new byte[bytes.Length];
        try
        {
            int? count = await store.TryReadAsync(new BlobName(place.BlobName), atBytes, found, token);
            return count == found.Length && found.AsSpan().SequenceEqual(bytes);
        }
        catch (StoreException)
        {
            return false; // a bad sector, which writing may heal
        }
    }

    /// <summary>The footer is made again of the records, and taken where it has the length, or what is left of the
    /// length, that the file has.</summary>
    private async Task<bool> TryMendFooterAsync(DamagedPlace place, CancellationToken token)
    {
        if (await store.TryGetLengthAsync(new BlobName(place.BlobName), token) is not long lengthBytes)
        {
            return false;
        }

        int pagesPerChunk = place.Pack.Kind == PackKind.Chunks
            ? repository.Settings.ChunkSizeBytes / FormatLimits.PageSizeBytes
            : 0;
        PackFooterBuilder footer = new(pagesPerChunk);
        PackScan scan = new(store, check, place.Pack, place.BlobName);
        await foreach ((PackEntry entry, byte[] bytes) in scan.ReadAsync(token))
        {
            Add(footer, entry, bytes, pagesPerChunk);
        }

        long missingBytes = scan.EndBytes + footer.LengthBytes - lengthBytes;
        if (footer.Count == 0 || missingBytes < 0 || lengthBytes < scan.EndBytes)
        {
            return false;
        }

        ArrayBufferWriter<byte> tail = new();
        footer.WriteTo(tail, scan.EndBytes);
        byte[] found = await Mending.ReadAsync(
            store, place.BlobName, scan.EndBytes, (int)(lengthBytes - scan.EndBytes), token);
        return IsLikely(found, tail.WrittenSpan, isCut: missingBytes > 0)
            && await mending.WriteAsync(place.BlobName, scan.EndBytes, tail.WrittenMemory, token);
    }

    /// <summary>A footer that was not cut off has the length that the records give it: no other record can have stood
    /// there. Of one that was cut, what is left must be as it was made.</summary>
    private static bool IsLikely(ReadOnlySpan<byte> found, ReadOnlySpan<byte> made, bool isCut) =>
        !isCut || (found.Length > 0 && made.StartsWith(found));

    private static void Add(PackFooterBuilder footer, in PackEntry entry, byte[] bytes, int pagesPerChunk)
    {
        if (entry.Type == RecordType.Delta)
        {
            footer.Add(entry, DeltaRecord.Read(Record.Read(bytes), pagesPerChunk));
            return;
        }

        Digest[] pages = new Digest[pagesPerChunk];
        if (entry.Type == RecordType.Whole)
        {
            byte[] chunk = new byte[pagesPerChunk * FormatLimits.PageSizeBytes];
            ChunkRecord.Decode(bytes, chunk);
            ContentHasher.Plain.IdOfChunk(chunk, pages);
        }

        footer.Add(entry, pages);
    }
}
