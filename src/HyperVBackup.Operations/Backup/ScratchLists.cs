using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations.Backup;

/// <summary>The chunks of a batch that differ from the parent's, side by side, to be asked about at once.</summary>
internal sealed class ScratchLists
{
    private ChunkId[] ids = [];
    private RecordPlace[] places = [];
    private ChunkFate[] fates = [];
    private int count;

    public ReadOnlyMemory<ChunkId> Ids => ids.AsMemory(0, count);

    public Memory<RecordPlace> Places => places.AsMemory(0, count);

    public Memory<ChunkFate> Fates => fates.AsMemory(0, count);

    public void Fill(ChunkBatch batch)
    {
        if (ids.Length < batch.CountMax)
        {
            (ids, places, fates) = (
                new ChunkId[batch.CountMax], new RecordPlace[batch.CountMax], new ChunkFate[batch.CountMax]);
        }

        count = 0;
        for (int position = 0; position < batch.Count; position++)
        {
            if (batch.Ids[position] != batch.Parents[position].Id)
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
            bool isAsked = batch.Ids[position] != batch.Parents[position].Id;
            batch.Fates[position] = isAsked ? fates[asked] : ChunkFate.Stored;
            batch.Places[position] = isAsked ? places[asked] : batch.Parents[position].Place;
            asked += isAsked ? 1 : 0;
        }
    }
}
