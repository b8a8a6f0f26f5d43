using HyperVBackup.Format;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Packs;

/// <summary>The decoded records that recipes took pages from last, up to a size in all. Thread-safe, one lock for many
/// look-ups.</summary>
/// <param name="bytesMax">Of all that is kept.</param>
internal sealed class DataRecordCache(long bytesMax)
{
    private readonly Lock gate = new();
    private readonly LatestUsed<Digest, DataRecord> kept = new(bytesMax, record => record.Release());

    /// <summary>Gives the records that are kept; each has one more user then, to be released.</summary>
    public void Find(ReadOnlySpan<RecipeSource> sources, Span<DataRecord?> records)
    {
        lock (gate)
        {
            for (int position = 0; position < sources.Length; position++)
            {
                records[position] = null;
                if (kept.TryGet(sources[position].DataId, out DataRecord? record))
                {
                    record.AddUser();
                    records[position] = record;
                }
            }
        }
    }

    /// <summary>Keeps records that are not yet kept.</summary>
    public void Keep(ReadOnlySpan<DataRecord> records)
    {
        lock (gate)
        {
            foreach (DataRecord record in records)
            {
                record.AddUser();
                if (!kept.TryAdd(record.Id, record, record.CostBytes))
                {
                    record.Release();
                }
            }
        }
    }
}
