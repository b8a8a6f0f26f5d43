using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// The copies of many records, found together: whoever asks for an id first is told of none, and once all have asked,
/// one pass over the packs' tables finds what all of them need. One search for each of the chunks of a lost pack would
/// read the tables of a large repository thousands of times. One thread at a time.
/// </summary>
/// <param name="kind">Of the packs that hold such records.</param>
internal sealed class GatheredCopies(PackListing packs, RecordFinder finder, PackKind kind = PackKind.Chunks)
    : IRecordCopies
{
    private readonly Dictionary<Digest, List<RecordPlace>> found = [];
    private readonly HashSet<Digest> wanted = [];

    public string Description => finder.Description;

    public ValueTask<int?> TryReadAsync(
        BlobName blob, long offsetBytes, Memory<byte> buffer, CancellationToken token) =>
        finder.TryReadAsync(blob, offsetBytes, buffer, token);

    public async IAsyncEnumerable<RecordPlace> CopiesAsync(
        PackKind of, Digest id, [EnumeratorCancellation] CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(of, kind);
        Want(id);
        List<RecordPlace>? places = found.GetValueOrDefault(id);
        await ValueTask.CompletedTask; // all of it is at hand
        foreach (RecordPlace place in places ?? [])
        {
            yield return place;
        }
    }

    /// <summary>Asks for an id's copies without being told of any yet.</summary>
    public void Want(Digest id)
    {
        if (!found.ContainsKey(id))
        {
            wanted.Add(id);
        }
    }

    /// <summary>Finds the copies of all that was asked for and is not known yet.</summary>
    /// <returns>Whether any was found, so that whoever asked may ask again.</returns>
    public async Task<bool> GatherAsync(CancellationToken token)
    {
        if (wanted.Count == 0)
        {
            return false;
        }

        foreach (Digest id in wanted)
        {
            found.Add(id, []);
        }

        bool isAnyFound = false;
        await foreach ((PackName pack, PackTable table) in packs.PacksAsync(kind, token))
        {
            foreach (PackEntry entry in table.FindAny(wanted))
            {
                found[entry.Id].Add(new RecordPlace(pack, entry.OffsetBytes, entry.LengthBytes));
                isAnyFound = true;
            }
        }

        wanted.Clear();
        return isAnyFound;
    }
}
