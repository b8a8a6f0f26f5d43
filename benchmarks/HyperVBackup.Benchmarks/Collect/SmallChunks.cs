using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Benchmarks.Collect;

/// <summary>Stores chunks none of which is like another: half a KiB of random bytes and zeros.</summary>
internal sealed class SmallChunks
{
    public const int BatchCountMax = 512;
    private const int RandomBytes = 512;
    private readonly int chunkSizeBytes;
    private readonly ContentHasher hasher;
    private readonly ChunkEncoder encoder;
    private readonly byte[] chunk;
    private readonly byte[] records;
    private Random random = new(2);

    public SmallChunks(BackupRepository repository)
    {
        chunkSizeBytes = repository.Settings.ChunkSizeBytes;
        (hasher, encoder) = (repository.Hasher, repository.NewEncoder());
        chunk = new byte[chunkSizeBytes];
        int batchBytes = BatchCountMax * 2 * FormatLimits.PageSizeBytes;
        records = new byte[batchBytes + ChunkEncoder.EncodedSizeMax(chunkSizeBytes)];
    }

    /// <summary>From now on others than those stored in earlier processes.</summary>
    public void BeginAt(long number) => random = new Random((int)(number % int.MaxValue));

    public async Task<(ChunkId[] Ids, RecordPlace[] Places)> StoreAsync(WritingSession session, int count)
    {
        ChunkId[] ids = new ChunkId[count];
        RecordPlace[] places = new RecordPlace[count];
        ChunkFate[] fates = new ChunkFate[count];
        EncodedRecord[] encoded = new EncodedRecord[count];
        int lengthBytes = 0;
        for (int index = 0; index < count; index++)
        {
            random.NextBytes(chunk.AsSpan(0, RandomBytes));
            Digest[] pages = new Digest[chunkSizeBytes / FormatLimits.PageSizeBytes];
            ids[index] = hasher.IdOfChunk(chunk, pages);
            PackEntry entry = encoder.Encode(ids[index], chunk, pages, records.AsSpan(lengthBytes));
            encoded[index] = new EncodedRecord(entry, pages);
            lengthBytes += (int)entry.LengthBytes;
        }

        await session.ClassifyAsync(ids, places, fates, default);
        Invariant.Check(fates.All(fate => fate == ChunkFate.New));
        await session.StoreAsync(encoded, records.AsMemory(0, lengthBytes), places, default);
        return (ids, places);
    }
}
