using HyperVBackup.Disks;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Restore;

/// <summary>Takes the chunks of one disk into an image, in disk order. Zeros are never written.</summary>
internal sealed class DiskRestore(DiskPoint disk, IDiskWriter image, IProgress<RestoreProgress> progress)
{
    public long WrittenBytes { get; private set; }

    /// <summary>Writes a batch; neighbouring chunks at once.</summary>
    public void Take(RestoreBatch batch)
    {
        for (int first = 0; first < batch.Count;)
        {
            int end = first + 1;
            while (end < batch.Count && batch.Indexes[end] == batch.Indexes[end - 1] + 1)
            {
                end++;
            }

            Write(batch, first, end - first);
            first = end;
        }

        progress.Report(new RestoreProgress(
            disk.Name, (batch.Indexes[batch.Count - 1] + 1) * disk.ChunkSizeBytes, disk.VirtualSizeBytes,
            WrittenBytes));
    }

    private void Write(RestoreBatch batch, int first, int count)
    {
        long offsetBytes = batch.Indexes[first] * disk.ChunkSizeBytes;
        ReadOnlySpan<byte> bytes = batch.BytesAt(first, count);
        bytes = bytes[..(int)Math.Min(bytes.Length, disk.VirtualSizeBytes - offsetBytes)];
        image.Write(offsetBytes, bytes);
        WrittenBytes += bytes.Length;
    }
}
