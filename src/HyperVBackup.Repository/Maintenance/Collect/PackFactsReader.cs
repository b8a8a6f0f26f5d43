using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Reads from the store what a pack's records are and name: of a chunk pack its footer, of a map pack all of
/// it, in order. Nothing is taken that its id does not prove. One thread at a time.</summary>
internal sealed class PackFactsReader(
    IBlobStore store, RepositoryId repository, ContentHasher hasher, RecordReader records)
{
    private const int PieceBytes = 1 << 20;
    private byte[] piece = new byte[PieceBytes];

    /// <returns>What was found, and the length of one copy; null where no copy of the footer is good.</returns>
    public async Task<(FactsBuilder Facts, long PackLengthBytes)?> TryReadAsync(PackName pack, CancellationToken token)
    {
        FactsBuilder facts = new();
        PackFile? file = await TryOpenAsync(pack, pack.BlobName, token);
        if (file is null && pack.Kind == PackKind.Maps)
        {
            file = await TryOpenAsync(pack, pack.MirrorBlobName, token);
        }

        if (file is null)
        {
            return null;
        }

        try
        {
            await (pack.Kind == PackKind.Maps
                ? AddMapRecordsAsync(file, facts, token)
                : AddChunkRecordsAsync(file, facts, token));
            return (facts, file.LengthBytes);
        }
        catch (CorruptDataException)
        {
            return null;
        }
    }

    /// <summary>Whether there is a copy of the pack now.</summary>
    public async Task<bool> ExistsAsync(PackName pack, CancellationToken token) =>
        await store.TryGetLengthAsync(new BlobName(pack.BlobName), token) is not null
        || (pack.Kind == PackKind.Maps
            && await store.TryGetLengthAsync(new BlobName(pack.MirrorBlobName), token) is not null);

    private async Task<PackFile?> TryOpenAsync(PackName pack, string blobName, CancellationToken token)
    {
        try
        {
            return await PackFile.TryOpenAsync(store, repository, pack, blobName, token);
        }
        catch (PackDamagedException)
        {
            return null;
        }
    }

    private static async Task AddChunkRecordsAsync(PackFile file, FactsBuilder facts, CancellationToken token)
    {
        PackRecipes? recipes =
            file.Trailer.RecipeSectionLengthBytes == 0 ? null : await file.ReadRecipesAsync(token);
        byte[] named = new byte[FormatLimits.RecipeSourceCountMax * Digest.SizeBytes];
        for (int index = 0; index < file.Table.Count; index++)
        {
            PackEntry entry = file.Table[index];
            int lengthBytes = 0;
            if (entry.Type == RecordType.Delta)
            {
                Recipe recipe = recipes![index];
                for (int number = 0; number < recipe.SourceCount; number++)
                {
                    recipe.DataIdAt(number).WriteTo(named.AsSpan(lengthBytes));
                    lengthBytes += Digest.SizeBytes;
                }
            }

            facts.Add(entry, named.AsSpan(0, lengthBytes));
        }
    }

    private async Task AddMapRecordsAsync(PackFile file, FactsBuilder facts, CancellationToken token)
    {
        List<PackEntry> entries = new(file.Table.Count);
        for (int index = 0; index < file.Table.Count; index++)
        {
            entries.Add(file.Table[index]);
        }

        entries.Sort(static (one, other) => one.OffsetBytes.CompareTo(other.OffsetBytes));
        for (int start = 0, end; start < entries.Count; start = end)
        {
            end = EndOfPiece(entries, start);
            uint startBytes = entries[start].OffsetBytes;
            int lengthBytes = (int)(entries[end - 1].OffsetBytes + entries[end - 1].LengthBytes - startBytes);
            piece = piece.Length < lengthBytes ? new byte[lengthBytes] : piece;
            int count = await records.TryReadAsync(file.Blob, startBytes, piece.AsMemory(0, lengthBytes), token) ?? 0;
            for (int index = start; index < end; index++)
            {
                PackEntry entry = entries[index];
                int at = (int)(entry.OffsetBytes - startBytes);
                bool isAdded = at + entry.LengthBytes <= count
                    && TryAdd(entry, piece.AsSpan(at, (int)entry.LengthBytes), facts);
                if (!isAdded)
                {
                    await AddOtherCopyAsync(file, entry, facts, token);
                }
            }
        }
    }

    private static int EndOfPiece(List<PackEntry> entries, int start)
    {
        int end = start + 1;
        while (end < entries.Count
            && entries[end].OffsetBytes + (long)entries[end].LengthBytes - entries[start].OffsetBytes <= PieceBytes)
        {
            end++;
        }

        return end;
    }

    private bool TryAdd(in PackEntry entry, ReadOnlySpan<byte> bytes, FactsBuilder facts)
    {
        try
        {
            Record record = Record.Read(bytes);
            if (record.Type != entry.Type || record.Id != entry.Id)
            {
                return false;
            }

            return entry.Type == RecordType.Node
                ? TryAddNode(entry, record.Body, facts)
                : TryAddList(entry, PlainRecord.Read(record), facts);
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    private bool TryAddNode(in PackEntry entry, ReadOnlySpan<byte> plain, FactsBuilder facts)
    {
        ReadOnlySpan<byte> hashed = MapNode.HashedPartOf(plain);
        if (hasher.IdOfNode(hashed).Value != entry.Id)
        {
            return false;
        }

        facts.Add(entry, hashed);
        return true;
    }

    private bool TryAddList(in PackEntry entry, ReadOnlySpan<byte> plain, FactsBuilder facts)
    {
        if (hasher.IdOfList(plain).Value != entry.Id)
        {
            return false;
        }

        ListSegment[] segments = ListHead.IsHead(plain) ? ListHead.Read(plain) : [];
        byte[] named = new byte[segments.Length * Digest.SizeBytes];
        for (int index = 0; index < segments.Length; index++)
        {
            segments[index].Id.Value.WriteTo(named.AsSpan(index * Digest.SizeBytes));
        }

        facts.Add(entry, named);
        return true;
    }

    /// <summary>A record that neither copy of the pack holds well is none, for this time.</summary>
    private async Task AddOtherCopyAsync(
        PackFile file, PackEntry entry, FactsBuilder facts, CancellationToken token)
    {
        RecordPlace place = new(file.Name, entry.OffsetBytes, entry.LengthBytes);
        bool isAdded = false;
        foreach (string copy in (string[])[file.Name.BlobName, file.Name.MirrorBlobName])
        {
            if (copy != file.Blob.Path
                && await records.TryReadPlainAsync(entry.Type, entry.Id, place, copy, token) is byte[] plain)
            {
                isAdded |= entry.Type == RecordType.Node
                    ? TryAddNode(entry, plain, facts)
                    : TryAddList(entry, plain, facts);
            }
        }

        facts.HasGaps |= !isAdded;
    }
}
