using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Testing.Images;

/// <summary>
/// A disk image with a real file system, changed in place from generation to generation, and beside it a raw image
/// that holds what the disk must read as. Not thread-safe. Lives in the folder it was made in.
/// </summary>
public sealed class SampleDisk
{
    private readonly TestFolder folder;
    private readonly IFileSystem fileSystem;
    private readonly string name;

    /// <summary>Makes generation 0.</summary>
    public SampleDisk(
        TestFolder folder, string name, IFileSystem fileSystem, ImageKind kind, long sizeBytes, int seed)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(fileSystem);
        ArgumentNullException.ThrowIfNull(kind);
        (this.folder, this.fileSystem, this.name) = (folder, fileSystem, name);
        (Format, VirtualSizeBytes) = (kind.Format, sizeBytes);
        ImagePath = folder.File($"{name}.{kind.Extension}");
        fileSystem.Create(RawPath(0), sizeBytes, seed);
        QemuImage.Convert(RawPath(0), "raw", ImagePath, kind);
    }

    /// <summary>The image, as of the newest generation.</summary>
    public string ImagePath { get; }

    /// <summary>As qemu-img names it: "raw", "vhdx" or "vpc".</summary>
    public string Format { get; }

    public long VirtualSizeBytes { get; }

    /// <summary>The newest generation, counted from 0.</summary>
    public int Generation { get; private set; }

    /// <summary>A raw image of what the disk held at a generation; it stays as it is.</summary>
    public string RawPath(int generation) => folder.File($"{name}.gen{generation}.raw");

    /// <summary>Changes files in the file system, in place. Gives what differs from the generation before, exact to
    /// 4 KiB.</summary>
    public IReadOnlyList<(long OffsetBytes, long LengthBytes)> Change(int seed) =>
        NextGeneration(path => fileSystem.Change(path, seed));

    /// <summary>Writes bytes somewhere on the disk, whatever the file system thinks of it; else as
    /// <see cref="Change"/>.</summary>
    public IReadOnlyList<(long OffsetBytes, long LengthBytes)> Overwrite(
        long offsetBytes, ReadOnlyMemory<byte> bytes) =>
        NextGeneration(path => RawImage.Write(path, offsetBytes, bytes.Span));

    /// <summary>Judges that an image holds the disk as of a generation, bytes and size.</summary>
    /// <exception cref="ToolException">It does not.</exception>
    public void RequireHolds(int generation, string path, string format) =>
        QemuImage.RequireSame(RawPath(generation), "raw", path, format);

    /// <summary>Judges the file system in a raw image, such as a restored one.</summary>
    /// <exception cref="ToolException">It is damaged.</exception>
    public void RequireSoundFileSystem(string rawPath) => fileSystem.RequireSound(rawPath);

    /// <summary>Judges that a raw image holds the files that <see cref="Change"/> added.</summary>
    /// <exception cref="ToolException">One is missing or differs.</exception>
    public void RequireFiles(string rawPath, int seed) => fileSystem.RequireFiles(rawPath, seed);

    private IReadOnlyList<(long OffsetBytes, long LengthBytes)> NextGeneration(Action<string> change)
    {
        string next = RawPath(Generation + 1);
        RawImage.Copy(RawPath(Generation), next);
        change(next);
        IReadOnlyList<(long OffsetBytes, long LengthBytes)> ranges = RawImage.Differences(RawPath(Generation), next);
        QemuImage.WriteRanges(ImagePath, Format, next, ranges);
        Generation++;
        return ranges;
    }
}
