using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Maintenance.Explain;

/// <summary>A record as a pack's table names it.</summary>
/// <param name="Sources">Of a recipe: the records it takes pages from.</param>
public sealed record StoredRecord(RecordPlace Place, RecordType Type, IReadOnlyList<Digest> Sources);
