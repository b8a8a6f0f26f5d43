namespace HyperVBackup.Qemu;

/// <summary>Fills a span with random bytes that never repeat.</summary>
public delegate void RandomBytes(Span<byte> bytes);
