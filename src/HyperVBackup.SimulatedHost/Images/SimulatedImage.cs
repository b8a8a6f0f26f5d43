using HyperVBackup.Disks.Vhdx;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.SimulatedHost.Images;

/// <summary>One image of a disk's chain: what it holds, and the real VHDX file that says so, written when somebody is
/// to read it.</summary>
internal sealed class SimulatedImage(SimulatedDisk disk, string path, SimulatedImage? parent)
{
    public const int PageSizeBytes = 4 << 10;

    private static readonly DateTime FirstChange = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private Guid dataWriteId;
    private long changeCount;
    private bool isStale = true;

    public string Path { get; private set; } = path;

    public SimulatedDisk Disk => disk;

    public SimulatedImage? Parent { get; private set; } = parent;

    /// <summary>What it holds itself, by page number.</summary>
    public SortedDictionary<long, byte[]> Pages { get; } = [];

    /// <summary>Up to which write it holds the disk; null for the one that is written.</summary>
    public long? FrozenAt { get; set; }

    /// <summary>The tracking id of the newest checkpoint that holds it.</summary>
    public string? FrozenId { get; set; }

    /// <summary>How many have it open.</summary>
    public int OpenCount { get; set; }

    /// <summary>The image's own id, as a VHD has it: the base's is the disk's.</summary>
    public Guid VhdId { get; } = parent is null ? disk.Id : disk.NewId();

    public string BasePath => Parent?.BasePath ?? Path;

    public byte[]? ReadPage(long page) =>
        Pages.TryGetValue(page, out byte[]? bytes) ? bytes : Parent?.ReadPage(page);

    /// <summary>The disk's bytes as of this image.</summary>
    public byte[] ReadAll()
    {
        byte[] all = new byte[disk.SizeBytes];
        for (long page = 0; page * PageSizeBytes < all.Length; page++)
        {
            ReadPage(page)?.AsSpan(0, (int)Math.Min(PageSizeBytes, all.Length - (page * PageSizeBytes)))
                .CopyTo(all.AsSpan((int)(page * PageSizeBytes)));
        }

        return all;
    }

    public void WritePage(long page, byte[] bytes)
    {
        Pages[page] = bytes;
        Changed();
    }

    /// <summary>Takes in what a child holds, and takes its place.</summary>
    public void Merge(SimulatedImage child)
    {
        foreach ((long page, byte[] bytes) in child.Pages)
        {
            Pages[page] = bytes;
        }

        (FrozenAt, FrozenId) = (child.FrozenAt, child.FrozenId);
        changeCount = Math.Max(changeCount, child.changeCount);
        Changed();
        child.Delete();
    }

    /// <summary>Whether it is an image, or builds on it.</summary>
    public bool IsOn(SimulatedImage image) => this == image || (Parent?.IsOn(image) ?? false);

    /// <summary>An image that holds what this one does now; the file is written when somebody is to read it.</summary>
    public SimulatedImage CopyTo(string path)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        SimulatedImage copy = new(disk, path, Parent)
        {
            FrozenAt = FrozenAt,
            FrozenId = FrozenId,
            changeCount = changeCount,
        };
        foreach ((long page, byte[] bytes) in Pages)
        {
            copy.Pages.Add(page, bytes); // pages are replaced, never written to
        }

        return copy;
    }

    public void SetParent(SimulatedImage image) => (Parent, isStale) = (image, true);

    public void MoveTo(string path)
    {
        Delete();
        (Path, isStale) = (path, true);
    }

    public void Delete() => File.Delete(Path);

    public void SizeChanged() => Changed();

    /// <summary>Writes the file anew, and those it builds on, where what they say is old.</summary>
    /// <returns>Whether it did.</returns>
    public bool Materialize()
    {
        bool isParentNew = Parent?.Materialize() ?? false;
        if (!isStale && !isParentNew)
        {
            return false;
        }

        isStale = false;
        File.Delete(Path); // who has it open goes on reading what it was
        using SafeFileHandle file = File.OpenHandle(
            Path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (disk.IsVhd)
        {
            VhdFile.Write(file, disk.SizeBytes, VhdId, Parent is null ? null : (Parent.VhdId, Parent.Path), Pages);
            file.Dispose();
            File.SetLastWriteTimeUtc(Path, FirstChange.AddSeconds(changeCount));
        }
        else if (Parent is null)
        {
            WriteBase(file);
            file.Dispose();
            using VhdxDisk written = VhdxDisk.Open(Path);
            dataWriteId = written.DataWriteGuid;
        }
        else
        {
            dataWriteId = disk.NewId();
            DifferencingFile.Write(file, Options(), dataWriteId, Parent.dataWriteId, Parent.Path, Pages);
        }

        return true;
    }

    /// <summary>Each is of another time than the one before, as on a clock that goes on.</summary>
    private void Changed() => (changeCount, isStale) = (changeCount + 1, true);

    private void WriteBase(SafeFileHandle file)
    {
        using VhdxWriter writer = new(file, Options());
        foreach ((long page, byte[] bytes) in Pages.Where(page => page.Key * PageSizeBytes < disk.SizeBytes))
        {
            long offsetBytes = page * PageSizeBytes;
            writer.Write(offsetBytes, bytes.AsSpan(0, (int)Math.Min(bytes.Length, disk.SizeBytes - offsetBytes)));
        }

        writer.Complete();
    }

    private VhdxWriterOptions Options() => new()
    {
        VirtualSizeBytes = disk.SizeBytes,
        FillRandom = disk.Randomness,
        DiskId = disk.Id,
        BlockSizeBytes = 1 << 20,
    };
}
