using System.Runtime.InteropServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maintenance.Collect.Marks;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>A record of a pack that exists. Ordered by id, then place.</summary>
/// <param name="Pack">Its number in the <see cref="PackSet"/>.</param>
/// <param name="NamesAtBytes">Where in the file of facts the ids lie that the record names: of a node its hashed part,
/// of a recipe its data ids, of a list's head its segments.</param>
/// <param name="NamesLengthBytes">0 where it names nothing.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StoredRecord(
    Digest Id, int Pack, uint OffsetBytes, uint LengthBytes, RecordType Type, long NamesAtBytes, int NamesLengthBytes)
    : IComparable<StoredRecord>, IIdentified
{
    public int CompareTo(StoredRecord other)
    {
        int order = Id.CompareTo(other.Id);
        order = order != 0 ? order : Pack.CompareTo(other.Pack);
        return order != 0 ? order : OffsetBytes.CompareTo(other.OffsetBytes);
    }
}
