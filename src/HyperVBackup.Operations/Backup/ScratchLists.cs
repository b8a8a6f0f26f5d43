using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations.Backup;

/// <summary>The chunks of a batch that differ from the parent's, or of which the parent's may be damaged, side by side,
/// to be asked about at once.</summary>
internal sealed class ScratchLists
{
    private ChunkId[] ids = [];
    private RecordPlace[] places = [];
    private ChunkFate[] fates = [];
    private bool[] isAsked = [];
    private int count;

    public ReadOnlyMemory<ChunkId> Ids => ids.AsMemory(0, count);

    public Memory<RecordPlace> Places => places.AsMemory(0, count);

    public Memory<ChunkFate> Fates => fates.AsMemory(0, count);

    /// <param name="isDoubtful">Whether a chunk is asked about though the parent holds it.</param>
    public void Fill(ChunkBatch batch, Func<ChunkId, bool> isDoubtful)
    {
        if (ids.Length < batch.CountMax)
        {
            (ids, places, fates) = (
                new ChunkId[batch.CountMax], new RecordPlace[batch.CountMax], new ChunkFate[batch.CountMax]);
            isAsked = new bool[batch.CountMax];
        }

        count = 0;
        for (int position = 0; position < batch.Count; position++)
        {
            isAsked[position] =
                batch.Ids[position] != batch.Parents[position].Id || isDoubtful(batch.Ids[position]);
            if (isAsked[position])
            {
                ids[count++] = batch.Ids[position];
            }
        }
    }

    /// <summary>Gives the answers back to the chunks that were asked about; the others are as in the parent.</summary>
    public void Spread(ChunkBatch batch)
    {
        int asked = 0;
        for (int position = 0; position < batch.Count; position++)
        {
            batch.Fates[position] = isAsked[position] ? fates[asked] : ChunkFate.Stored;
            batch.Places[position] = isAsked[position] ? places[asked] : batch.Parents[position].Place;
            asked += isAsked[position] ? 1 : 0;
        }
    }
}
