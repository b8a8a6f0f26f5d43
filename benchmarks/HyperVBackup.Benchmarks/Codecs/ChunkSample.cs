namespace HyperVBackup.Benchmarks.Codecs;

/// <summary>Chunks of a disk as a backup compresses them: 64 KiB less the pages of zeros.</summary>
internal static class ChunkSample
{
    private const int ChunkSizeBytes = 64 << 10;
    private const int PageSizeBytes = 4096;
    private const int ChunkCountMax = 4000;

    /// <summary>Up to 4000 chunks, spread evenly over a raw image.</summary>
    public static IReadOnlyList<byte[]> Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        long chunkCount = file.Length / ChunkSizeBytes;
        byte[] chunk = new byte[ChunkSizeBytes];
        List<long> used = [];
        for (long index = 0; index < chunkCount; index++)
        {
            file.Position = index * ChunkSizeBytes;
            file.ReadExactly(chunk);
            if (chunk.AsSpan().ContainsAnyExcept((byte)0))
            {
                used.Add(index);
            }
        }

        int step = Math.Max(used.Count / ChunkCountMax, 1);
        return [.. used.Where((_, position) => position % step == step / 2).Select(index =>
        {
            file.Position = index * ChunkSizeBytes;
            file.ReadExactly(chunk);
            return WithoutZeroPages(chunk);
        })];
    }

    /// <summary>The same chunks each time: the framework's own libraries, as they are, as words of a small alphabet,
    /// and an eighth of noise.</summary>
    public static IReadOnlyList<byte[]> Make()
    {
        Random random = new(1);
        string folder = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        List<byte[]> chunks = [];
        foreach (string path in Directory.GetFiles(folder, "System.*.dll").Order(StringComparer.Ordinal))
        {
            foreach (byte[] chunk in File.ReadAllBytes(path).Chunk(ChunkSizeBytes))
            {
                if (chunks.Count % 8 == 7)
                {
                    random.NextBytes(chunk);
                }

                chunks.Add(chunk);
            }
        }

        return [.. chunks.Select(WithoutZeroPages).Where(chunk => chunk.Length > 0)];
    }

    private static byte[] WithoutZeroPages(byte[] chunk) =>
        [.. chunk.Chunk(PageSizeBytes).Where(IsNotZero).SelectMany(page => page)];

    private static bool IsNotZero(byte[] page) => page.AsSpan().ContainsAnyExcept((byte)0);
}
