using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maintenance.Explain;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>Collects what a verification finds, and which copies of records can no longer be relied on. Thread-safe.
/// </summary>
internal sealed class DamageLog
{
    /// <summary>Disks of points whose ranges are told, over all damage: of each, some ranges are kept.</summary>
    private const int DiskCountMax = 10_000;

    private readonly Lock gate = new();
    private readonly SortedDictionary<(string File, long OffsetBytes), Finding> findings = [];
    private readonly HashSet<(string File, long OffsetBytes)> badRecords = [];
    private readonly Dictionary<string, long> badFiles = [];
    private readonly HashSet<(string File, long OffsetBytes)> others = [];
    private readonly Dictionary<Digest, RecordType> lost = [];
    private readonly HashSet<PackName> packsWithProvenRecipes = [];
    private readonly HashSet<(string File, long OffsetBytes)> unprovenRecipes = [];
    private int diskCount;

    public bool IsEmpty
    {
        get
        {
            lock (gate)
            {
                return findings.Count == 0;
            }
        }
    }

    /// <summary>Records of packs' copies that are not good.</summary>
    public List<(string File, long OffsetBytes)> BadRecords
    {
        get
        {
            lock (gate)
            {
                return [.. badRecords];
            }
        }
    }

    /// <summary>Files of which something else than a record is not good.</summary>
    public List<(string File, long OffsetBytes)> BadFrames
    {
        get
        {
            lock (gate)
            {
                return [.. others.Except(badRecords)];
            }
        }
    }

    /// <summary>Records that points need and of which there is no good copy.</summary>
    public List<(RecordType Type, Digest Id)> Lost
    {
        get
        {
            lock (gate)
            {
                return [.. lost.Select(one => (one.Value, one.Key))];
            }
        }
    }

    /// <summary>Notes a record that a point needs and of which there is no good copy.</summary>
    public void AddLost(RecordType type, Digest id)
    {
        lock (gate)
        {
            lost[id] = type;
        }
    }

    /// <summary>Notes something wrong at a place.</summary>
    /// <param name="point">A restore point that is not whole because of it, if one is.</param>
    public void Add(string file, long offsetBytes, string what, SessionId point = default)
    {
        lock (gate)
        {
            // What is lost in a file that is bad as a whole is that file's damage, not another one.
            long atBytes = badFiles.GetValueOrDefault(file, offsetBytes);
            if (!findings.TryGetValue((file, atBytes), out Finding? finding))
            {
                findings[(file, atBytes)] = finding = new Finding(what);
            }

            if (!point.IsNone)
            {
                finding.Points.Add(point);
            }
            else
            {
                others.Add((file, atBytes));
            }
        }
    }

    /// <summary>Takes over what another one holds of losses.</summary>
    public void AddLosses(DamageLog other)
    {
        other.Lost.ForEach(one => AddLost(one.Type, one.Id));
        foreach (Damage loss in other.ToList())
        {
            foreach (SessionId point in loss.Points)
            {
                Add(loss.File, loss.OffsetBytes, loss.What, point);
            }
        }
    }

    /// <summary>Notes a range of a disk that a damage noted before costs; ascending for each disk.</summary>
    public void AddRange(
        string file, long offsetBytes, SessionId point, string disk, long startBytes, long endBytes)
    {
        lock (gate)
        {
            Finding finding = findings[(file, badFiles.GetValueOrDefault(file, offsetBytes))];
            if (!finding.Ranges.TryGetValue((point, disk), out FoundRanges? ranges) && diskCount < DiskCountMax)
            {
                finding.Ranges[(point, disk)] = ranges = new FoundRanges();
                diskCount++;
            }

            ranges?.Add(startBytes, endBytes);
        }
    }

    /// <summary>Notes a record of a pack's copy that is not good.</summary>
    public void AddRecord(string file, long offsetBytes, string what)
    {
        Add(file, offsetBytes, what);
        AddBadRecord(file, offsetBytes);
    }

    /// <summary>Notes that a record is not good, without telling it as something that was found.</summary>
    public void AddBadRecord(string file, long offsetBytes)
    {
        lock (gate)
        {
            badRecords.Add((file, offsetBytes));
        }
    }

    /// <summary>Notes a file none of which can be relied on.</summary>
    public void AddFile(string file, long offsetBytes, string what)
    {
        Add(file, offsetBytes, what);
        lock (gate)
        {
            badFiles[file] = offsetBytes;
        }
    }

    /// <summary>Notes that the recipes of a pack can be relied on, except those that are bad or unproven.</summary>
    public void AddProvenRecipes(PackName pack)
    {
        lock (gate)
        {
            packsWithProvenRecipes.Add(pack);
        }
    }

    /// <summary>Notes a recipe that footers do not show to make its chunk. That is no damage: a chunk may have another
    /// copy.</summary>
    public void AddUnprovenRecipe(PackName pack, long offsetBytes)
    {
        lock (gate)
        {
            unprovenRecipes.Add((pack.BlobName, offsetBytes));
        }
    }

    /// <summary>Whether a chunk pack holds a copy of a chunk that is good and complete as far as is known: a whole
    /// record, or a recipe that was proven.</summary>
    public bool HasGood(PackName pack, PackTable table, ChunkId id)
    {
        string file = pack.BlobName;
        lock (gate)
        {
            bool isProven = packsWithProvenRecipes.Contains(pack);
            return !badFiles.ContainsKey(file) && table.FindAll(id.Value).Exists(entry =>
                !badRecords.Contains((file, entry.OffsetBytes))
                && (entry.Type != RecordType.Delta
                    || (isProven && !unprovenRecipes.Contains((file, entry.OffsetBytes)))));
        }
    }

    /// <summary>Whether a record is good as far as is known; of a delta, the record itself.</summary>
    public bool IsGood(PackName pack, long offsetBytes)
    {
        string file = pack.BlobName;
        lock (gate)
        {
            return !badFiles.ContainsKey(file) && !badRecords.Contains((file, offsetBytes));
        }
    }

    public List<Damage> ToList()
    {
        lock (gate)
        {
            return [.. findings.Select(entry => new Damage(
                entry.Key.File, entry.Key.OffsetBytes, entry.Value.What, [.. entry.Value.Points])
            {
                Disks =
                [
                    .. entry.Value.Ranges.Select(disk => new DamagedDisk(
                        disk.Key.Point, disk.Key.Disk, disk.Value.Kept, disk.Value.Count)),
                ],
            })];
        }
    }

    private sealed record Finding(string What)
    {
        public HashSet<SessionId> Points { get; } = [];

        public Dictionary<(SessionId Point, string Disk), FoundRanges> Ranges { get; } = [];
    }
}
