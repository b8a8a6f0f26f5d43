using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations.Backup.Resume;

/// <summary>Reads chunks after all that an interrupted backup found, where what it stored of them is not there. One
/// batch at a time.</summary>
internal sealed class RecalledChunks(IDisk disk, int chunkSizeBytes, ContentHasher hasher, ReadLimit limit)
{
    /// <summary>Bytes read so far.</summary>
    public long ReadBytes { get; private set; }

    /// <summary>Reads the chunks of a classified batch that are to be stored and were not read yet.</summary>
    /// <exception cref="ComparisonRefutedException">The disk holds something else there.</exception>
    /// <exception cref="DiskImageException">The image is damaged or cannot be read.</exception>
    public async ValueTask ReadNewAsync(ChunkBatch batch, CancellationToken token)
    {
        for (int position = 0; position < batch.Count; position++)
        {
            if (batch.IsRecalled[position] && batch.Fates[position] == ChunkFate.New)
            {
                await limit.TakeAsync(chunkSizeBytes, token);
                Read(batch, position);
            }
        }
    }

    private void Read(ChunkBatch batch, int position)
    {
        long offsetBytes = batch.Indexes[position] * chunkSizeBytes;
        Span<byte> space = batch.SpaceAt(position);
        int lengthBytes = (int)Math.Min(space.Length, disk.VirtualSizeBytes - offsetBytes);
        disk.Read(offsetBytes, space[..lengthBytes]);
        space[lengthBytes..].Clear();
        ReadBytes += lengthBytes;
        if (hasher.IdOfChunk(space, batch.PagesAt(position).Span) != batch.Ids[position])
        {
            throw new ComparisonRefutedException(
                $"'{disk.Description}' holds something else at byte {offsetBytes} than an interrupted backup read");
        }
    }
}
