using HyperVBackup.Blake3;

namespace HyperVBackup.Benchmarks;

/// <summary>One thing to measure: a named call on a mode, and the bytes it hashes.</summary>
internal sealed record Blake3Work(string Name, int SizeBytes, Action<Blake3Mode, byte[], byte[]> Call)
{
    public const int PageSizeBytes = 4096;

    public static IReadOnlyList<Blake3Work> All { get; } =
    [
        One("64 KiB", 64 << 10),
        Many("16 x 4 KiB", 16, PageSizeBytes),
        One("1 MiB", 1 << 20),
        Many("256 x 4 KiB", 256, PageSizeBytes),
        One("4 KiB", PageSizeBytes),
        Many("128 x 512 B", 128, 512),
        One("512 B", 512),
    ];

    private static Blake3Work One(string name, int sizeBytes) =>
        new(name, sizeBytes, (mode, input, output) =>
            mode.Hash(input.AsSpan(0, sizeBytes), output.AsSpan(0, Blake3Mode.DigestSizeBytes)));

    private static Blake3Work Many(string name, int count, int sizeBytes) =>
        new(name, count * sizeBytes, (mode, input, output) =>
            mode.HashMany(
                input.AsSpan(0, count * sizeBytes), sizeBytes, output.AsSpan(0, count * Blake3Mode.DigestSizeBytes)));
}
