using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>Finds the copies of records, and reads them.</summary>
internal interface IRecordCopies
{
    /// <summary>For messages: which store they lie in.</summary>
    string Description { get; }

    /// <summary>Reads bytes of one copy.</summary>
    /// <returns>Null where that copy is missing or cannot be read.</returns>
    ValueTask<int?> TryReadAsync(BlobName blob, long offsetBytes, Memory<byte> buffer, CancellationToken token);

    /// <summary>Every place known where a record of an id lies, of whatever type.</summary>
    IAsyncEnumerable<RecordPlace> CopiesAsync(PackKind kind, Digest id, CancellationToken token);
}
