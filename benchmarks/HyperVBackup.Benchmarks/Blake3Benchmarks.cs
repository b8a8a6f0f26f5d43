using BenchmarkDotNet.Attributes;
using HyperVBackup.Blake3;

namespace HyperVBackup.Benchmarks;

/// <summary>Every path over the sizes that backups hash: a chunk, its pages, and a large buffer.</summary>
[MemoryDiagnoser]
public class Blake3Benchmarks
{
    private const int ChunkSizeBytes = 64 << 10;
    private const int LargeSizeBytes = 1 << 20;
    private readonly byte[] input = new byte[LargeSizeBytes];
    private readonly byte[] output = new byte[ChunkSizeBytes / Blake3Work.PageSizeBytes * Blake3Mode.DigestSizeBytes];
    private Blake3Mode mode = Blake3Mode.Plain;

    /// <summary>The instruction set's name; one this machine lacks fails its benchmarks with that reason.</summary>
    [Params("Scalar", "Vector128", "Avx2", "Avx512")]
    public string Path { get; set; } = "Scalar";

    [GlobalSetup]
    public void SetUp()
    {
        new Random(1).NextBytes(input);
        mode = Blake3Mode.Plain.With(Enum.Parse<InstructionSet>(Path));
    }

    [Benchmark]
    public void Hash64KiB() => mode.Hash(input.AsSpan(0, ChunkSizeBytes), output.AsSpan(0, Blake3Mode.DigestSizeBytes));

    [Benchmark]
    public void HashMany16Pages() => mode.HashMany(input.AsSpan(0, ChunkSizeBytes), Blake3Work.PageSizeBytes, output);

    [Benchmark]
    public void Hash1MiB() => mode.Hash(input, output.AsSpan(0, Blake3Mode.DigestSizeBytes));
}
