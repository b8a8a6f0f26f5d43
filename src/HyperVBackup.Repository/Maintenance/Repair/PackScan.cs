using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>Finds the records of a pack without its footer: each follows the one before. Used once.</summary>
internal sealed class PackScan(IBlobStore store, PlaceCheck check, PackName pack, string file)
{
    /// <summary>Where the last good record ends.</summary>
    public long EndBytes { get; private set; } = FileHeader.SizeBytes;

    /// <summary>Good records in their order, until one is not good.</summary>
    public async IAsyncEnumerable<(PackEntry Entry, byte[] Bytes)> ReadAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken token)
    {
        while (true)
        {
            byte[] header = await Mending.ReadAsync(store, file, EndBytes, Record.HeaderSizeBytes, token);
            if (!TryRead(header, out int lengthBytes))
            {
                yield break;
            }

            byte[] bytes = await Mending.ReadAsync(store, file, EndBytes, lengthBytes, token);
            if (!TryRead(bytes, out PackEntry entry))
            {
                yield break;
            }

            yield return (entry, bytes);
            EndBytes += lengthBytes;
        }
    }

    private static bool TryRead(byte[] header, out int lengthBytes)
    {
        try
        {
            lengthBytes = Record.LengthOf(header);
            return true;
        }
        catch (CorruptDataException)
        {
            lengthBytes = 0;
            return false;
        }
    }

    private bool TryRead(byte[] bytes, out PackEntry entry)
    {
        entry = default;
        try
        {
            entry = PackEntry.Of(Record.Read(bytes), checked((uint)EndBytes));
        }
        catch (CorruptDataException)
        {
            return false;
        }

        bool isOfKind = pack.Kind == PackKind.Chunks
            ? entry.Type is RecordType.Whole or RecordType.Delta
            : entry.Type is RecordType.Node or RecordType.List;
        return isOfKind && check.IsRecord(bytes, entry.Type, entry.Id);
    }
}
