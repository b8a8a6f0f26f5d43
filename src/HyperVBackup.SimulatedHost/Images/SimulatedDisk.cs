using System.Buffers.Binary;
using System.Globalization;
using HyperVBackup.Disks;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.SimulatedHost.Images;

/// <summary>A virtual disk: its identity, what is written to it, and the host's change tracking of it.</summary>
public sealed class SimulatedDisk
{
    /// <summary>What change tracking rounds to.</summary>
    public const int GranularityBytes = 16 << 10;

    /// <summary>What it rounds to of writes before a power loss.</summary>
    public const int CoarseBytes = 512 << 10;

    private readonly Random random;
    private readonly Dictionary<string, long> issued = [];
    private readonly List<(long Sequence, long OffsetBytes, long LengthBytes)> log = [];
    private long coarseUpTo = -1;
    private int issuedCount;

    internal SimulatedDisk(Random random, string path, long sizeBytes, Guid? id)
    {
        this.random = random;
        IsVhd = path.EndsWith(".vhd", StringComparison.OrdinalIgnoreCase);
        SizeBytes = sizeBytes;
        Id = id ?? NewId();
        Live = new SimulatedImage(this, path, null);
        Images.Add(Live);
    }

    public Guid Id { get; }

    public long SizeBytes { get; private set; }

    /// <summary>Whether its images are VHDs: then nothing is tracked.</summary>
    public bool IsVhd { get; }

    /// <summary>Whether it takes other machines' reservations, so that they may write it too.</summary>
    public bool IsShared { get; set; }

    /// <summary>Where on the machine's controller it is.</summary>
    public int Slot { get; internal set; }

    /// <summary>Whether the host tracks its changes; the first recovery checkpoint begins it.</summary>
    public bool IsTracked { get; set; }

    /// <summary>Writes that change tracking does not see: it under-reports.</summary>
    public bool IsBlind { get; set; }

    /// <summary>The path of the image that is written.</summary>
    public string Path => Live.Path;

    /// <summary>The number of writes so far.</summary>
    public long Sequence { get; private set; }

    internal SimulatedImage Live { get; set; }

    internal List<SimulatedImage> Images { get; } = [];

    internal string? NewestId { get; private set; }

    /// <summary>The disk that an image file holds.</summary>
    internal static SimulatedDisk Of(Random random, string path)
    {
        using IDisk image = DiskImage.Open(path);
        SimulatedDisk disk = new(random, path, image.VirtualSizeBytes, Guid.Parse(image.Identity!));
        byte[] page = new byte[SimulatedImage.PageSizeBytes];
        for (long at = 0; at < image.VirtualSizeBytes; at += page.Length)
        {
            image.Read(at, page);
            if (page.AsSpan().ContainsAnyExcept((byte)0))
            {
                disk.Live.WritePage(at / page.Length, [.. page]);
            }
        }

        return disk;
    }

    /// <summary>The disk's bytes now.</summary>
    public byte[] ReadAll() => Live.ReadAll();

    /// <summary>What a guest writes: whole pages with random bytes or zeros.</summary>
    public void WriteRandomly(int pageCount)
    {
        long pages = SizeBytes / SimulatedImage.PageSizeBytes;
        for (int count = 0; count < pageCount; count++)
        {
            byte[] bytes = new byte[SimulatedImage.PageSizeBytes];
            if (random.Next(8) != 0)
            {
                random.NextBytes(bytes.AsSpan(0, 256)); // enough to tell pages apart
            }

            Write(random.NextInt64(pages), bytes);
        }
    }

    /// <summary>What a guest writes at the beginning: a number, and nothing else in its page.</summary>
    public void WriteNumber(int number)
    {
        byte[] bytes = new byte[SimulatedImage.PageSizeBytes];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        Write(0, bytes);
    }

    /// <summary>What a guest that encrypts its disk writes: every page, with bytes that look random.</summary>
    public void WriteEncrypted()
    {
        for (long page = 0; page < SizeBytes / SimulatedImage.PageSizeBytes; page++)
        {
            byte[] bytes = new byte[SimulatedImage.PageSizeBytes];
            random.NextBytes(bytes);
            Write(page, bytes);
        }
    }

    /// <summary>Gives the disk another size, which change tracking takes no notice of.</summary>
    public void Resize(long sizeBytes)
    {
        if (Live.Parent is not null)
        {
            throw new InvalidOperationException("A disk with checkpoints is not resized.");
        }

        SizeBytes = sizeBytes;
        foreach (long page in Live.Pages.Keys.Where(page => page * SimulatedImage.PageSizeBytes >= sizeBytes).ToList())
        {
            Live.Pages.Remove(page);
        }

        Live.SizeChanged();
    }

    /// <summary>Moves the disk's one image.</summary>
    public void MoveTo(string path)
    {
        if (Live.Parent is not null)
        {
            throw new InvalidOperationException("A disk with checkpoints is not moved.");
        }

        Live.MoveTo(path);
    }

    /// <summary>Something writes to the base image and not through the machine, whatever builds on it.</summary>
    public void WriteBaseOffline()
    {
        byte[] bytes = new byte[SimulatedImage.PageSizeBytes];
        random.NextBytes(bytes);
        SimulatedImage image = Live;
        while (image.Parent is not null)
        {
            image = image.Parent;
        }

        image.WritePage(random.NextInt64(SizeBytes / SimulatedImage.PageSizeBytes), bytes);
    }

    /// <summary>The host loses power: of what was written before, only coarse traces are left.</summary>
    public void LosePower() => coarseUpTo = Sequence;

    /// <summary>Another program resets change tracking: no id from before is known any more.</summary>
    public void ResetTracking() => issued.Clear();

    internal Guid NewId()
    {
        byte[] bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    internal void Randomness(Span<byte> bytes) => random.NextBytes(bytes);

    internal string IssueId()
    {
        IsTracked = true;
        issuedCount++;
        NewestId = string.Create(CultureInfo.InvariantCulture, $"rctX:{NewId()}:{issuedCount:x8}");
        issued.Add(NewestId, Sequence);
        return NewestId;
    }

    internal void Expire(string id) => issued.Remove(id);

    /// <summary>The ranges written after the state that an id names, up to a write.</summary>
    internal List<(long OffsetBytes, long EndBytes)> ChangesSince(string id, long upTo)
    {
        if (!IsTracked)
        {
            throw Fail(VirtualDiskError.ChangeTrackingDisabled);
        }

        if (!issued.TryGetValue(id, out long from) || from > upTo)
        {
            throw Fail(VirtualDiskError.InvalidChangeTrackingId);
        }

        SortedSet<(long OffsetBytes, long EndBytes)> ranges = [];
        foreach ((long sequence, long offsetBytes, long lengthBytes) in log
            .Where(write => write.Sequence > from && write.Sequence <= upTo))
        {
            int round = sequence <= coarseUpTo ? CoarseBytes : GranularityBytes;
            long endBytes = (offsetBytes + lengthBytes + round - 1) / round * round;
            ranges.Add((offsetBytes / round * round, Math.Min(endBytes, SizeBytes)));
        }

        return [.. ranges];
    }

    internal HostException Fail(uint code) =>
        new($"'{Live.Path}': {VirtualDiskError.MeaningOf(code)}.", code);

    internal void Write(long page, byte[] bytes)
    {
        Live.WritePage(page, bytes);
        Sequence++;
        if (!IsBlind)
        {
            log.Add((Sequence, page * SimulatedImage.PageSizeBytes, bytes.Length));
        }
    }
}
