using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>Collects what a verification finds, and which copies of records can no longer be relied on. Thread-safe.
/// </summary>
internal sealed class DamageLog
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<(string File, long OffsetBytes), Finding> findings = [];
    private readonly HashSet<(string File, long OffsetBytes)> badRecords = [];
    private readonly Dictionary<string, long> badFiles = [];

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
        }
    }

    /// <summary>Notes a record of a pack's copy that is not good.</summary>
    public void AddRecord(string file, long offsetBytes, string what)
    {
        Add(file, offsetBytes, what);
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

    /// <summary>Whether a chunk pack holds a record that is good as far as is known.</summary>
    public bool HasGood(PackName pack, PackTable table, ChunkId id)
    {
        lock (gate)
        {
            return !badFiles.ContainsKey(pack.BlobName)
                && table.FindAll(id.Value).Exists(entry => !badRecords.Contains((pack.BlobName, entry.OffsetBytes)));
        }
    }

    public List<Damage> ToList()
    {
        lock (gate)
        {
            return [.. findings.Select(entry => new Damage(
                entry.Key.File, entry.Key.OffsetBytes, entry.Value.What, [.. entry.Value.Points]))];
        }
    }

    private sealed record Finding(string What)
    {
        public HashSet<SessionId> Points { get; } = [];
    }
}
