using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Maintenance;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;

namespace HyperVBackup.Repository.Tests.Parity;

/// <summary>Chunk packs of noise with their parity, in a store of their own.</summary>
internal sealed class ParitySample
{
    public const int SectorBytes = FormatLimits.ParityBlockSizeBytes;
    private static readonly SessionId session = new("a session of me."u8);

    private ParitySample(MemoryStore store) => Store = store;

    public static RepositoryId Repository { get; } = new("repository of me"u8);

    public MemoryStore Store { get; }

    public IReadOnlyList<BlobName> PackBlobs =>
        [.. Store.Names.Where(name => name.Path.StartsWith(FileNames.ChunkPackFolder, StringComparison.Ordinal))];

    public BlobName ParityBlob =>
        Store.Names.Single(name => name.Path.StartsWith(FileNames.ParityFolder, StringComparison.Ordinal));

    /// <param name="noiseBytes">Of each chunk that does not compress, at most a chunk.</param>
    public static async Task<ParitySample> MakeAsync(
        int chunkCount, int noiseBytes, int packTargetBytes, int percent)
    {
        MemoryStore store = new();
        await using MemoryChunkIndex index = new(1 << 20);
        PackTables tables = new(store, Repository, 1 << 20);
        await using SessionChunks chunks = new(
            store, Repository, session, SampleRepository.ChunkSizeBytes / FormatLimits.PageSizeBytes, index, tables,
            packTargetBytes, parityPercent: percent);
        ChunkEncoder encoder = new(ContentHasher.Plain, Compression.Lz4);
        Random random = new(chunkCount);
        for (int count = 0; count < chunkCount; count++)
        {
            byte[] chunk = new byte[SampleRepository.ChunkSizeBytes];
            random.NextBytes(chunk.AsSpan(0, noiseBytes));
            (ChunkId id, Digest[] pages) = SampleRepository.Hash(chunk);
            byte[] record = new byte[ChunkRecord.EncodedSizeMax(chunk.Length)];
            PackEntry entry = encoder.Encode(id, chunk, pages, record);
            await chunks.AppendAsync(
                new[] { new EncodedRecord(entry, pages) }, record.AsMemory(0, (int)entry.LengthBytes),
                new RecordPlace[1], default);
        }

        await chunks.FlushAsync(default);
        return new ParitySample(store);
    }

    /// <summary>The same in a store of its own, to be damaged.</summary>
    public ParitySample Copy() => new(Store.Copy());

    public async Task<ParityFile> OpenAsync() =>
        (await ParityFile.TryOpenAsync(Store, Repository, NameOf(ParityBlob), default))!;

    public static PackName NameOf(BlobName blob) => PackName.TryParse(blob.Path, out PackName name) ? name : default;

    /// <summary>Overwrites a sector with other bytes.</summary>
    public void Damage(BlobName blob, int sector, int sectorBytes = SectorBytes)
    {
        byte[] bytes = Store[blob];
        Span<byte> span = bytes.AsSpan(sector * sectorBytes);
        foreach (ref byte value in span[..Math.Min(sectorBytes, span.Length)])
        {
            value ^= 0x5A;
        }
    }

    public Mending NewMending() => new(Store, _ => { });

    public int SectorCountOf(BlobName blob) => (Store[blob].Length + SectorBytes - 1) / SectorBytes;

    /// <summary>Heals everything that is named, by default all packs and the parity.</summary>
    public Task<ParityHealingReport> HealAsync(
        Func<GroupHealing, HealedPack, CancellationToken, Task>? copy = null, bool isDryRun = false,
        params PackName[] damaged) =>
        new ParityHealing(Store, Repository, ContentHasher.Plain, NewMending()).RunAsync(
            damaged.Length > 0
                ? damaged.ToHashSet()
                : Store.Names.Select(NameOf).Where(name => !name.Session.IsNone).ToHashSet(),
            isDryRun, copy ?? ((_, _, _) => Task.CompletedTask), new Silence<(long, long)>(), default);

    public bool IsSameAs(ParitySample other) =>
        Store.Names.SequenceEqual(other.Store.Names)
        && Store.Names.All(name => Store[name].AsSpan().SequenceEqual(other.Store[name]));
}
