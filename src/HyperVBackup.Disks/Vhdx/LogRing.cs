namespace HyperVBackup.Disks.Vhdx;

/// <summary>A log's bytes, which wrap around.</summary>
internal sealed class LogRing(byte[] bytes)
{
    public const int SectorSizeBytes = 4096;

    public int LengthBytes => bytes.Length;

    /// <summary>The sector that starts so many bytes after a sector's start.</summary>
    public ReadOnlySpan<byte> Sector(int atBytes, int furtherBytes) =>
        bytes.AsSpan(Wrap(atBytes, furtherBytes), SectorSizeBytes);

    public int Wrap(int atBytes, int furtherBytes) => (int)(((long)atBytes + furtherBytes) % bytes.Length);
}
