using HyperVBackup.Operations.Tests.Kit;

namespace HyperVBackup.Simulation;

/// <summary>A machine's disks and what a tracker that never errs knows about them: the states they were in, and what
/// was written since each.</summary>
internal sealed class Machine
{
    private const int Chunk = Bench.ChunkSizeBytes;

    private readonly Random random;
    private readonly Dictionary<string, HashSet<int>> changedSince = [];

    public Machine(Random random, string name, string? identity)
    {
        (this.random, Name) = (random, name);
        Disk = new MemoryDisk(random.Next(1, 40 * Chunk), identity);
        Scribble(random.Next(1, 6));
    }

    public string Name { get; set; }

    public MemoryDisk Disk { get; private set; }

    /// <summary>Ids of states that a point may have recorded.</summary>
    public IReadOnlyCollection<string> KnownStates => changedSince.Keys;

    /// <summary>Writes, overwrites with zeros, copies within the disk, or discards.</summary>
    public void Scribble(int count)
    {
        for (; count > 0; count--)
        {
            int offset = random.Next(Disk.Bytes.Length);
            int length = Math.Min(Disk.Bytes.Length - offset, random.Next(1, 3 * Chunk));
            switch (random.Next(5))
            {
                case 0:
                    Disk.Write(offset, new byte[length]);
                    break;
                case 1:
                    int from = random.Next(Disk.Bytes.Length - length + 1);
                    Disk.Write(offset, Disk.Bytes.AsSpan(from, length).ToArray());
                    break;
                case 2:
                    offset = offset / Chunk * Chunk;
                    length = Math.Min(2 * Chunk, Disk.Bytes.Length - offset);
                    Disk.Discard(offset, (length + MemoryDisk.BlockSizeBytes - 1) / MemoryDisk.BlockSizeBytes
                        * MemoryDisk.BlockSizeBytes);
                    break;
                default:
                    Disk.Change(offset, length, random.Next());
                    break;
            }

            Note(offset, length);
        }
    }

    /// <summary>From now on a tracker can say what changed since this state.</summary>
    public void Remember(string id) => changedSince[id] = [];

    /// <summary>What changed since a state, in pieces of 512 bytes, as ranges.</summary>
    public (long OffsetBytes, long LengthBytes)[] ChangesSince(string id) =>
        [.. changedSince[id].Select(sector =>
            (sector * 512L, (long)Math.Min(512, Disk.Bytes.Length - (sector * 512))))];

    /// <summary>What a tracker knows of now: what changed since each state.</summary>
    public Dictionary<string, (long OffsetBytes, long LengthBytes)[]> AllChanges() =>
        changedSince.Keys.ToDictionary(id => id, ChangesSince);

    /// <summary>Changes that no tracker hears of, on allocated parts only.</summary>
    public void ChangeSecretly()
    {
        for (int tries = 0; tries < 20; tries++)
        {
            int offset = random.Next(Disk.Bytes.Length);
            if (Disk.AllocatedRanges(new Disks.ByteRange(offset, 1)).Any())
            {
                Disk.Bytes[offset] ^= 0x55;
                return;
            }
        }
    }

    /// <summary>What was changed in secret is in no list of changes: trackers begin anew.</summary>
    public void Forget() => changedSince.Clear();

    /// <summary>Another size: no tracker survives it.</summary>
    public void Resize()
    {
        Disk = Disk.Resized(random.Next(1, 60 * Chunk));
        changedSince.Clear();
    }

    /// <summary>Another disk of the same size takes its place, and its tracker does not notice.</summary>
    public void Replace(string identity)
    {
        Disk = MemoryDisk.Of(Disk.Bytes, identity);
        Disk.Change(random.Next(Disk.Bytes.Length), 1, random.Next());
    }

    private void Note(int offset, int length)
    {
        foreach (HashSet<int> changed in changedSince.Values)
        {
            for (int sector = offset / 512; sector <= (offset + length - 1) / 512; sector++)
            {
                changed.Add(sector);
            }
        }
    }
}
