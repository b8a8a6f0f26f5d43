using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// Holds packs against what maps say lies in them. Nothing in a pack but its header says which one it is; but who wrote
/// a map had seen the records where it says they lie, and no name is ever used anew. So a pack that is there, and holds
/// nothing of what maps say, is another one under its name, also where its header was lost or made anew. One thread at
/// a time.
/// </summary>
internal sealed class HintedPacks
{
    private readonly HashSet<PackName> own = [];
    private readonly Dictionary<PackName, RecordPlace> missed = [];

    /// <summary>Packs that hold nothing of what maps say, and a place where nothing of it lies.</summary>
    public IEnumerable<RecordPlace> Foreign => missed.Where(one => !own.Contains(one.Key)).Select(one => one.Value);

    /// <returns>Whether a pack is what its name says; null where no map tells.</returns>
    public bool? IsOwn(PackName pack) => own.Contains(pack) ? true : missed.ContainsKey(pack) ? false : null;

    /// <param name="table">Of the pack that the place is in.</param>
    public void Compare(Digest id, RecordPlace place, PackTable table)
    {
        if (own.Contains(place.Pack))
        {
            return;
        }

        if (table.FindAll(id).Exists(entry => entry.OffsetBytes == place.OffsetBytes))
        {
            own.Add(place.Pack);
        }
        else
        {
            missed.TryAdd(place.Pack, place);
        }
    }
}
