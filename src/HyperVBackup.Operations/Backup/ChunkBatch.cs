using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Pages;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// Some chunks on their way through the stages of a backup, in disk order: read, hashed, classified, encoded, stored.
/// Or a gap: a range of chunks known to be zeros, which nothing was read for. One stage at a time owns it.
/// </summary>
internal sealed class ChunkBatch
{
    private readonly int chunkSizeBytes;
    private readonly int pagesPerChunk;
    private readonly byte[] bytes;
    private readonly Digest[] pages;
    private readonly EncodedRecord[] encoded;
    private readonly NewChunk[] newChunks;
    private readonly ChunkPlan?[] plans;
    private readonly Digest[] literals;
    private readonly int[] lastRecords;
    private byte[] records = [];

    public ChunkBatch(int chunkSizeBytes, int chunkCountMax)
    {
        this.chunkSizeBytes = chunkSizeBytes;
        pagesPerChunk = chunkSizeBytes / FormatLimits.PageSizeBytes;
        bytes = GC.AllocateUninitializedArray<byte>(chunkSizeBytes * chunkCountMax);
        pages = new Digest[pagesPerChunk * chunkCountMax];
        Indexes = new long[chunkCountMax];
        IsAudit = new bool[chunkCountMax];
        IsKnownZero = new bool[chunkCountMax];
        IsRecalled = new bool[chunkCountMax];
        Ids = new ChunkId[chunkCountMax];
        Parents = new MapChunk[chunkCountMax];
        Places = new RecordPlace[chunkCountMax];
        Fates = new ChunkFate[chunkCountMax];
        encoded = new EncodedRecord[chunkCountMax * ChunkEncoder.RecordCountMax];
        EncodedPlaces = new RecordPlace[encoded.Length];
        lastRecords = new int[chunkCountMax];
        newChunks = new NewChunk[chunkCountMax];
        plans = new ChunkPlan?[chunkCountMax];
        literals = new Digest[pages.Length];
        CountMax = chunkCountMax;
    }

    public int CountMax { get; }

    public int Count { get; private set; }

    /// <summary>Where the chunks lie on the disk's grid, ascending.</summary>
    public long[] Indexes { get; }

    /// <summary>True for chunks that the change source called unchanged.</summary>
    public bool[] IsAudit { get; }

    /// <summary>True for chunks that were never written: their bytes here mean nothing.</summary>
    public bool[] IsKnownZero { get; }

    /// <summary>True for chunks whose ids an interrupted backup found: their bytes here mean nothing, unless they were
    /// read since.</summary>
    public bool[] IsRecalled { get; }

    public ChunkId[] Ids { get; }

    /// <summary>The parent's chunks at the same places.</summary>
    public MapChunk[] Parents { get; }

    public RecordPlace[] Places { get; }

    public ChunkFate[] Fates { get; }

    /// <summary>The records of the new chunks, in order; their bytes are <see cref="Records"/>.</summary>
    public ReadOnlyMemory<EncodedRecord> Encoded => encoded.AsMemory(0, EncodedCount);

    public int EncodedCount { get; private set; }

    public int NewCount { get; private set; }

    public RecordPlace[] EncodedPlaces { get; }

    public Memory<byte> Records => records.AsMemory(0, RecordsLengthBytes);

    public int RecordsLengthBytes { get; private set; }

    /// <summary>Where a gap begins and ends; equal for a batch of chunks.</summary>
    public (long Start, long End) Gap { get; private set; }

    /// <summary>True for a gap that the change source called unchanged.</summary>
    public bool IsGapAudit { get; private set; }

    /// <summary>How far on the disk, or in the changed bytes, the work is once this batch is done.</summary>
    public long DoneBytes { get; set; }

    public bool IsFull => Count == CountMax;

    public void Clear()
    {
        (Count, NewCount, EncodedCount, RecordsLengthBytes) = (0, 0, 0, 0);
        (Gap, IsGapAudit) = (default, false);
    }

    public void SetGap(long startIndex, long endIndex, bool isAudit) =>
        (Gap, IsGapAudit) = ((startIndex, endIndex), isAudit);

    /// <summary>Takes the next chunks; their bytes are to be read into what is returned.</summary>
    public Span<byte> Add(long firstIndex, int count, bool isAudit)
    {
        Span<byte> space = bytes.AsSpan(Count * chunkSizeBytes, count * chunkSizeBytes);
        for (int added = 0; added < count; added++)
        {
            (Indexes[Count], IsAudit[Count], IsKnownZero[Count]) = (firstIndex + added, isAudit, false);
            IsRecalled[Count++] = false;
        }

        return space;
    }

    /// <summary>Takes the next chunks, which are zeros and need not be looked at.</summary>
    public void AddZeros(long firstIndex, int count, bool isAudit)
    {
        Add(firstIndex, count, isAudit);
        IsKnownZero.AsSpan(Count - count, count).Fill(true);
    }

    /// <summary>Takes the next chunks, whose ids are known though they are not read.</summary>
    public void AddRecalled(long firstIndex, ReadOnlySpan<ChunkId> ids)
    {
        ids.CopyTo(Ids.AsSpan(Count));
        Add(firstIndex, ids.Length, isAudit: false);
        IsRecalled.AsSpan(Count - ids.Length, ids.Length).Fill(true);
    }

    /// <summary>Where the bytes of a chunk go.</summary>
    public Span<byte> SpaceAt(int position) => bytes.AsSpan(position * chunkSizeBytes, chunkSizeBytes);

    public ReadOnlySpan<byte> ChunkAt(int position) =>
        bytes.AsSpan(position * chunkSizeBytes, chunkSizeBytes);

    public ReadOnlySpan<byte> ChunksAt(int position, int count) =>
        bytes.AsSpan(position * chunkSizeBytes, count * chunkSizeBytes);

    public Span<Digest> PagesAt(int position, int count) =>
        pages.AsSpan(position * pagesPerChunk, count * pagesPerChunk);

    public Memory<Digest> PagesAt(int position) => pages.AsMemory(position * pagesPerChunk, pagesPerChunk);

    /// <summary>Where the record of a new chunk lies, once the batch was stored: of the chunks classified as new the
    /// one with this number.</summary>
    public RecordPlace PlaceOfNew(int number) => EncodedPlaces[lastRecords[number]];

    /// <summary>Encodes the chunks classified as new, as the session plans them; each record is decoded and hashed
    /// again.</summary>
    public async ValueTask EncodeNewAsync(WritingSession session, ChunkEncoder encoder, CancellationToken token)
    {
        for (int position = 0; position < Count; position++)
        {
            if (Fates[position] == ChunkFate.New)
            {
                newChunks[NewCount++] = new NewChunk(Ids[position], PagesAt(position), Parents[position].Place);
            }
        }

        await session.PlanAsync(newChunks.AsMemory(0, NewCount), plans, token);
        EncodeAsPlanned(encoder);
    }

    private void EncodeAsPlanned(ChunkEncoder encoder)
    {
        int neededBytes = NewCount * ChunkEncoder.EncodedSizeMax(chunkSizeBytes);
        if (records.Length < neededBytes)
        {
            records = GC.AllocateUninitializedArray<byte>(neededBytes);
        }

        int number = 0;
        for (int position = 0; position < Count; position++)
        {
            if (Fates[position] == ChunkFate.New)
            {
                Encode(position, newChunks[number], plans[number], encoder);
                lastRecords[number++] = EncodedCount - 1;
            }
        }
    }

    private void Encode(int position, in NewChunk chunk, ChunkPlan? plan, ChunkEncoder encoder)
    {
        Span<byte> output = records.AsSpan(RecordsLengthBytes);
        int first = EncodedCount;
        if (plan is null)
        {
            PackEntry entry = encoder.Encode(chunk.Id, ChunkAt(position), chunk.PageHashes.Span, output);
            encoded[EncodedCount++] = new EncodedRecord(entry, chunk.PageHashes);
        }
        else
        {
            Memory<Digest> own = literals.AsMemory(position * pagesPerChunk, pagesPerChunk);
            EncodedCount += encoder.Encode(plan, chunk, ChunkAt(position), own, output, encoded.AsSpan(first));
        }

        for (; first < EncodedCount; first++)
        {
            RecordsLengthBytes += checked((int)encoded[first].Entry.LengthBytes);
        }
    }
}
