using System.Globalization;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Raw;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>Changes a raw disk in place, a page here and there among what is allocated, and lists what it changed. The
/// same seed makes the same changes.</summary>
internal sealed class ScatteredChanges
{
    private const int PageSizeBytes = 4096;
    private const int ChunkSizeBytes = 64 << 10;
    private const int PagesPerChunk = ChunkSizeBytes / PageSizeBytes;

    private readonly string path;
    private readonly Random random;
    private readonly long[] chunks;
    private readonly byte[] page = new byte[PageSizeBytes];

    public ScatteredChanges(string path, int seed)
    {
        this.path = path;
        random = new Random(seed);
        using RawDisk disk = RawDisk.Open(path);
        chunks = [.. disk.AllocatedRanges(new ByteRange(0, disk.VirtualSizeBytes)).SelectMany(WholeChunks)];
    }

    /// <summary>Changes one page in each of some chunks: to another page of the disk, marked, so that it is like
    /// the others but nowhere else.</summary>
    /// <param name="share">Of the allocated chunks, from 0 to 1.</param>
    /// <param name="rangesPath">The ranges file to write.</param>
    public void Make(double share, string since, string id, string rangesPath)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        SortedSet<long> offsets = [];
        int count = (int)(chunks.Length * share);
        while (offsets.Count < count)
        {
            long offsetBytes = Place();
            if (offsets.Add(offsetBytes))
            {
                RandomAccess.Read(file, page, Place());
                random.NextBytes(page.AsSpan(0, sizeof(long)));
                RandomAccess.Write(file, page, offsetBytes);
            }
        }

        string ranges = string.Join(",", offsets.Select(offset => string.Create(
            CultureInfo.InvariantCulture, $"{{\"offset\": {offset}, \"length\": {PageSizeBytes}}}")));
        File.WriteAllText(rangesPath, $"{{\"since\": \"{since}\", \"id\": \"{id}\", \"ranges\": [{ranges}]}}");
    }

    private static IEnumerable<long> WholeChunks(ByteRange range)
    {
        long first = (range.StartBytes + ChunkSizeBytes - 1) / ChunkSizeBytes;
        for (long index = first; index < range.EndBytes / ChunkSizeBytes; index++)
        {
            yield return index;
        }
    }

    private long Place() =>
        (chunks[random.Next(chunks.Length)] * ChunkSizeBytes) + (random.Next(PagesPerChunk) * (long)PageSizeBytes);
}
