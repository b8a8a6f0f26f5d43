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
/// Heals damaged records: where the bytes that were published are known, by writing these; else by a new copy. One
/// thread at a time.
/// </summary>
internal sealed class RecordHealing(
    BackupRepository repository, PackTables tables, Mending mending, NewCopies copies, Action<HealedPlace> healed)
{
    private readonly IBlobStore store = repository.Store;
    private readonly PlaceCheck check = new(repository);

    /// <summary>Records that lie elsewhere too, and need not be stored anew.</summary>
    private readonly HashSet<Digest> elsewhere = [];
    private readonly GatheredCopies gathered = new(
        new PackListing(repository.Store, tables), new RecordFinder(repository.Store, tables));

    /// <summary>Mends a record from its pack: its other copy, or the recipe in the footer.</summary>
    public async Task<bool> TryMendFromPackAsync(DamagedPlace place, CancellationToken token)
    {
        if (place.Pack.Kind == PackKind.Maps)
        {
            DamagedPlace other = place with { IsSecondCopy = !place.IsSecondCopy };
            return await check.IsGoodAsync(other, token)
                && await TryMendAsync(place, await ReadAsync(other, token), "its second copy", isExact: true, token);
        }

        return place.Type == RecordType.Delta && await TryReadRecipeAsync(place, token) is byte[] recipe
            && await TryMendAsync(place, recipe, "its pack's footer", isExact: false, token);
    }

    /// <summary>Looks for the copies of many chunk records, all in one pass over the packs' tables.</summary>
    public async Task FindCopiesAsync(IEnumerable<Digest> ids, CancellationToken token)
    {
        foreach (Digest id in ids)
        {
            gathered.Want(id);
        }

        await gathered.GatherAsync(token);
    }

    /// <summary>Mends a chunk record from a copy that was made of it, byte for byte, into another pack, of those that
    /// <see cref="FindCopiesAsync"/> found.</summary>
    /// <returns>Whether the place is good now.</returns>
    public async Task<bool> TryMendFromCopiesAsync(DamagedPlace place, CancellationToken token)
    {
        await foreach (RecordPlace other in gathered.CopiesAsync(place.Pack.Kind, place.Id, token))
        {
            DamagedPlace copy = DamagedPlace.OfRecord(other, place.Type, place.Id);
            bool isGood = other != place.Place && await check.IsGoodAsync(copy, token);
            _ = isGood && elsewhere.Add(place.Id);
            if (isGood && other.LengthBytes == place.LengthBytes
                && await TryMendAsync(
                    place, await ReadAsync(copy, token), $"a copy in {other.Pack}", isExact: false, token))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes a chunk that was found: mends the places that held it, if it gives their very bytes, else stores
    /// it anew.</summary>
    public async Task TakeChunkAsync(
        Digest id, ReadOnlyMemory<byte> chunk, string from, IReadOnlyCollection<DamagedPlace> places,
        CancellationToken token)
    {
        Digest[] pages = new Digest[chunk.Length / FormatLimits.PageSizeBytes];
        if (chunk.Length != repository.Settings.ChunkSizeBytes
            || repository.Hasher.IdOfChunk(chunk.Span, pages).Value != id)
        {
            return;
        }

        byte[] output = new byte[ChunkRecord.EncodedSizeMax(chunk.Length)];
        PackEntry entry = repository.NewEncoder().Encode(new ChunkId(id), chunk.Span, pages, output);
        bool isMended = false;
        foreach (DamagedPlace place in places.Where(place => place.Type == RecordType.Whole))
        {
            isMended |= await TryMendAsync(
                place, output.AsMemory(0, (int)entry.LengthBytes), from, isExact: false, token);
        }

        if (!isMended && elsewhere.Contains(id))
        {
            Tell(id, places, "a copy elsewhere");
        }
        else if (!isMended && await copies.AddChunkAsync(id, chunk, token))
        {
            Tell(id, places, from);
        }
    }

    /// <summary>The same for a node or list.</summary>
    public async Task TakeMapAsync(
        RecordType type, Digest id, byte[] plain, string from, IReadOnlyCollection<DamagedPlace> places,
        CancellationToken token)
    {
        if (await copies.AddMapAsync(type, id, plain, token))
        {
            Tell(id, places, from);
        }
    }

    private void Tell(Digest id, IReadOnlyCollection<DamagedPlace> places, string from)
    {
        foreach (DamagedPlace place in places)
        {
            healed(new HealedPlace(place.BlobName, place.OffsetBytes, $"record {id}", from, IsMended: false));
        }
    }

    private async Task<bool> TryMendAsync(
        DamagedPlace place, ReadOnlyMemory<byte> good, string from, bool isExact, CancellationToken token)
    {
        if (place.Place.IsUnknown || good.Length != place.LengthBytes)
        {
            return false;
        }

        byte[] found = await ReadAsync(place, token);
        if (!(isExact || Mending.IsExact(found, good.Span))
            || !check.IsRecord(good.Span, place.Type, place.Id)
            || !await mending.WriteAsync(place.BlobName, place.OffsetBytes, good, token)
            || !await check.IsGoodAsync(place, token))
        {
            return false;
        }

        healed(new HealedPlace(place.BlobName, place.OffsetBytes, $"record {place.Id}", from, IsMended: true));
        return true;
    }

    private Task<byte[]> ReadAsync(DamagedPlace place, CancellationToken token) =>
        Mending.ReadAsync(store, place.BlobName, place.OffsetBytes, (int)place.LengthBytes, token);

    private async Task<byte[]?> TryReadRecipeAsync(DamagedPlace place, CancellationToken token)
    {
        try
        {
            PackFile? file =
                await PackFile.TryOpenAsync(store, repository.Id, place.Pack, place.BlobName, token);
            PackRecipes? recipes = file is null ? null : await file.ReadRecipesAsync(token);
            for (int index = 0; index < (file?.Table.Count ?? 0); index++)
            {
                if (file!.Table[index].OffsetBytes == place.OffsetBytes)
                {
                    byte[] bytes = new byte[place.LengthBytes];
                    DeltaRecord.Write(new ChunkId(place.Id), recipes![index], bytes);
                    return bytes;
                }
            }
        }
        catch (Exception damage) when (damage is PackDamagedException or CorruptDataException or ArgumentException)
        {
            return null;
        }

        return null;
    }
}
