using FASTER.core;

namespace HyperVBackup.Repository.Index;

/// <summary>Reads copy the value out; those that had to go to the disk arrive in <see cref="Batch"/>, at the position
/// given with the question.</summary>
internal sealed class PlaceFunctions : FunctionsBase<IndexKey, StoredPlace, StoredPlace, StoredPlace, int>
{
    public const int BatchCountMax = 256;

    public StoredPlace[] Batch { get; } = new StoredPlace[BatchCountMax];

    public override bool SingleReader(
        ref IndexKey key, ref StoredPlace input, ref StoredPlace value, ref StoredPlace dst, ref ReadInfo readInfo)
    {
        dst = value;
        return true;
    }

    public override bool ConcurrentReader(
        ref IndexKey key, ref StoredPlace input, ref StoredPlace value, ref StoredPlace dst, ref ReadInfo readInfo)
    {
        dst = value;
        return true;
    }

    public override void ReadCompletionCallback(
        ref IndexKey key,
        ref StoredPlace input,
        ref StoredPlace output,
        int ctx,
        Status status,
        RecordMetadata recordMetadata) => Batch[ctx] = status.Found ? output : default;
}
