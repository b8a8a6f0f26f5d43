using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Notes;

/// <summary>Looks at one place of a pack, as it is now. One thread at a time.</summary>
internal sealed class PlaceCheck(BackupRepository repository)
{
    private readonly IBlobStore store = repository.Store;
    private readonly ContentHasher hasher = repository.Hasher;
    private readonly byte[] chunk = new byte[repository.Settings.ChunkSizeBytes];
    private readonly Digest[] pages = new Digest[repository.Settings.ChunkSizeBytes / FormatLimits.PageSizeBytes];

    /// <summary>Whether the file that holds a place is there.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<bool> ExistsAsync(DamagedPlace place, CancellationToken token) =>
        await store.TryGetLengthAsync(new BlobName(place.BlobName), token) is not null;

    /// <summary>Those whose file is there, and that are not good now; and those that are nowhere.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<List<DamagedPlace>> FindBadAsync(IEnumerable<DamagedPlace> places, CancellationToken token)
    {
        List<DamagedPlace> bad = [];
        foreach (DamagedPlace place in places)
        {
            if (place.Pack == default
                || (await ExistsAsync(place, token) && !await IsGoodAsync(place, token)))
            {
                bad.Add(place);
            }
        }

        return bad;
    }

    /// <summary>Whether the record, or the frame of the file, is good by itself.</summary>
    public async Task<bool> IsGoodAsync(DamagedPlace place, CancellationToken token)
    {
        if (place.IsFile)
        {
            return await IsFrameGoodAsync(place, token);
        }

        byte[] bytes = new byte[place.LengthBytes];
        return await TryReadAsync(place, bytes, token) && IsRecord(bytes, place.Type, place.Id);
    }

    /// <summary>Whether these are the bytes of a record that is what it is taken for.</summary>
    public bool IsRecord(ReadOnlySpan<byte> bytes, RecordType type, Digest id)
    {
        try
        {
            Record record = Record.Read(bytes);
            return record.TotalLengthBytes == bytes.Length && record.Type == type && record.Id == id
                && IdOf(record) == id;
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    private Digest IdOf(in Record record)
    {
        switch (record.Type)
        {
            case RecordType.Whole:
                ChunkRecord.Decode(record, chunk);
                return hasher.IdOfChunk(chunk, pages).Value;
            case RecordType.Delta:
                DeltaRecord.Read(record, pages.Length);
                return record.Id;
            case RecordType.Node:
                return hasher.IdOfNode(MapNode.HashedPartOf(PlainRecord.Read(record))).Value;
            default:
                return hasher.IdOfList(PlainRecord.Read(record)).Value;
        }
    }

    private async Task<bool> TryReadAsync(DamagedPlace place, byte[] bytes, CancellationToken token)
    {
        try
        {
            return await store.TryReadAsync(new BlobName(place.BlobName), place.OffsetBytes, bytes, token)
                == bytes.Length;
        }
        catch (StoreException)
        {
            return false; // a bad sector
        }
    }

    private async Task<bool> IsFrameGoodAsync(DamagedPlace place, CancellationToken token)
    {
        try
        {
            PackFile? file =
                await PackFile.TryOpenAsync(store, repository.Id, place.Pack, place.BlobName, token);
            if (file is not null && place.Pack.Kind == PackKind.Chunks)
            {
                (await file.ReadPagesAsync(token)).CheckIds(hasher);
                await file.ReadRecipesAsync(token);
            }

            return file is not null && HasNoGap(file);
        }
        catch (Exception damage) when (damage is PackDamagedException or CorruptDataException)
        {
            return false;
        }
    }

    private static bool HasNoGap(PackFile file)
    {
        long endBytes = FileHeader.SizeBytes;
        IEnumerable<PackEntry> entries = Enumerable.Range(0, file.Table.Count).Select(index => file.Table[index]);
        foreach (PackEntry entry in entries.OrderBy(entry => entry.OffsetBytes))
        {
            if (entry.OffsetBytes != endBytes)
            {
                return false;
            }

            endBytes += entry.LengthBytes;
        }

        return endBytes == file.Trailer.PageSectionStartBytes;
    }
}
