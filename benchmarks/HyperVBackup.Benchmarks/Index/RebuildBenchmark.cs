using System.Buffers;
using System.Globalization;
using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Operations;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Index;
using HyperVBackup.Storage;

namespace HyperVBackup.Benchmarks.Index;

/// <summary><c>rebuild [CHUNKS] [FOLDER]</c>: makes a repository of packs of a thousand chunks each, of which only
/// headers and footers are written (the rest are holes), and measures five times how fast its index is made anew.
/// </summary>
internal static class RebuildBenchmark
{
    private const int RunCount = 5;
    private const int PageCount = 16;
    private const uint RecordBytes = 20_000;
    private const long PageNumbers = 1L << 40; // their hashes, and so hooks, have nothing to do with chunks' ids

    public static async Task<int> RunAsync(string[] arguments, TextWriter output)
    {
        long chunkCount = arguments is [string count, ..] ? long.Parse(count, CultureInfo.InvariantCulture) : 4_000_000;
        string root = arguments is [_, string named] ? named : Path.Join(Path.GetTempPath(), "hvbackup-rebuild");
        Directory.CreateDirectory(root);
        try
        {
            await MeasureAsync(root, chunkCount, output);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        return 0;
    }

    private static async Task MeasureAsync(string root, long chunkCount, TextWriter output)
    {
        using FolderStore store = new(Path.Join(root, "repository"));
        RepositoryEnvironment environment = ThisHost.NewEnvironment() with { StateFolder = Path.Join(root, "state") };
        BackupRepository repository = await BackupRepository.InitializeAsync(store, environment);
        for (long pack = 0; pack < chunkCount / SyntheticChunks.ChunksInPack; pack++)
        {
            Write(root, repository.Id, pack);
        }

        List<Timing> timings = [];
        for (int run = 0; run < RunCount; run++)
        {
            Timing start = Timing.Now();
            long found = await repository.RebuildIndexAsync(new Progress<IndexProgress>(), default);
            timings.Add(Timing.Now() - start);
            Invariant.Check(found == chunkCount);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{chunkCount:N0} chunks with a hook each: {timings[^1]}, {timings[^1].Rate(2 * chunkCount)} entries"));
        }

        Timing median = timings.OrderBy(timing => timing.Clock).ElementAt(RunCount / 2);
        output.WriteLine($"median: {median}, {median.Rate(2 * chunkCount)} entries, {median.Rate(chunkCount)} chunks");
    }

    private static void Write(string root, RepositoryId repository, long number)
    {
        PackName name = SyntheticChunks.Pack(number);
        PackFooterBuilder footer = new(PageCount);
        Digest[] pages = new Digest[PageCount];
        for (int position = 0; position < SyntheticChunks.ChunksInPack; position++)
        {
            long chunk = (number * SyntheticChunks.ChunksInPack) + position;
            ChunkId id = SyntheticChunks.Id(chunk);
            Array.Fill(pages, SyntheticChunks.Id(PageNumbers + chunk).Value);
            uint offset = (uint)FileHeader.SizeBytes + ((uint)position * RecordBytes);
            footer.Add(
                new PackEntry(
                    id.Value, offset, RecordBytes, RecordType.Whole, Codec.Lz4, PageCount,
                    PageCount * FormatLimits.PageSizeBytes),
                pages);
        }

        ArrayBufferWriter<byte> bytes = new();
        long footerStart = FileHeader.SizeBytes + (SyntheticChunks.ChunksInPack * (long)RecordBytes);
        footer.WriteTo(bytes, footerStart);
        int keptBytes = (SyntheticChunks.ChunksInPack * PackEntry.SizeBytes) + PackTrailer.SizeBytes;
        string path = Path.Join(root, "repository", name.BlobName);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        byte[] head = new byte[FileHeader.SizeBytes];
        new FileHeader(FileKind.ChunkPack, repository, name.BlobName).WriteTo(head);
        using FileStream file = File.Create(path);
        file.Write(head);
        file.Position = footerStart + bytes.WrittenCount - keptBytes;
        file.Write(bytes.WrittenSpan[^keptBytes..]);
    }
}
