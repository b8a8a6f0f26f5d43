using System.Globalization;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.RealParts.Faults;

/// <summary>A small file system of its own that can be filled, made read-only, break, and go away while it is in use.
/// Needs the right to mount. One thread at a time.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int BlockBytes = 4096;
    private readonly SmallDiskKind kind;
    private readonly int sizeMiB;
    private string? device;

    /// <exception cref="ToolException">This user may not mount one.</exception>
    public SmallDisk(string path, SmallDiskKind kind, int sizeMiB)
    {
        (this.kind, this.sizeMiB) = (kind, sizeMiB);
        Path = Directory.CreateDirectory(path).FullName;
        if (kind == SmallDiskKind.Ext4)
        {
            using (FileStream image = File.Create(ImagePath))
            {
                image.SetLength((long)sizeMiB << 20);
            }

            Tool.Run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-m", "0", ImagePath);
        }

        Mount();
    }

    public string Path { get; }

    public long FreeBytes => new DriveInfo(Path).AvailableFreeSpace;

    private string ImagePath => Path + ".ext4";

    private string FillPath => System.IO.Path.Join(Path, "fill");

    /// <summary>Takes all room but so much, to the block.</summary>
    public void Fill(long roomBytes)
    {
        using FileStream fill = new(FillPath, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        long before = long.MaxValue;
        for (long free = FreeBytes; free > roomBytes && free < before; free = FreeBytes)
        {
            // Blocks that were just freed come back only now and then: so again, as long as that takes some.
            fill.Position = fill.Length;
            WriteUntilFull(fill, free - roomBytes);
            before = free;
        }

        for (long lengthBytes = fill.Length; lengthBytes > 0 && FreeBytes < roomBytes; lengthBytes -= BlockBytes)
        {
            fill.SetLength(lengthBytes);
            DurableFile.FlushHandle(fill.SafeFileHandle, FillPath);
        }
    }

    /// <summary>Undoes <see cref="Fill"/> and <see cref="Protect"/>.</summary>
    public void MakeRoom()
    {
        Remount("rw");
        File.Delete(FillPath);
    }

    /// <summary>Makes it read-only, where no file is open for writing.</summary>
    public void Protect() => Remount("ro");

    /// <summary>Has ext4 find an error, so that it turns read-only whatever is open.</summary>
    public void Break() => File.WriteAllText($"/sys/fs/ext4/{device}/trigger_fs_error", "1");

    /// <summary>Takes it away from under those who use it: what they have open goes on, its names are gone.</summary>
    public void Detach() => Tool.Run("umount", "-l", Path);

    /// <summary>Mounts it again after <see cref="Break"/> or <see cref="Detach"/>, and checks it.</summary>
    public void Renew(bool isDetached)
    {
        if (isDetached)
        {
            while (Tool.Run("losetup", "--associated", ImagePath).Length > 0)
            {
                // The system still writes it, though nobody has it open.
            }
        }
        else
        {
            Tool.Run("umount", Path);
            ToolResult checkedDisk = Tool.Try("e2fsck", "-f", "-y", ImagePath);
            Xunit.Assert.True(checkedDisk.ExitCode <= 1, checkedDisk.Output);
        }

        Mount();
    }

    public void Dispose()
    {
        Tool.Try("umount", "-l", Path);
        File.Delete(ImagePath);
    }

    private void Mount()
    {
        if (kind == SmallDiskKind.Memory)
        {
            string size = string.Create(CultureInfo.InvariantCulture, $"size={sizeMiB}M");
            Tool.Run("mount", "-t", "tmpfs", "-o", size, "none", Path);
            return;
        }

        Tool.Run("mount", "-o", "loop,errors=remount-ro", ImagePath, Path);
        device = System.IO.Path.GetFileName(Tool.Run("findmnt", "-n", "-o", "SOURCE", Path).Trim());
    }

    private void Remount(string way) => Tool.Run("mount", "-o", "remount," + way, Path);

    private static void WriteUntilFull(FileStream fill, long lengthBytes)
    {
        byte[] bytes = new byte[16 * BlockBytes];
        Array.Fill(bytes, (byte)'x');
        try
        {
            for (long left = lengthBytes; left > 0; left -= bytes.Length)
            {
                fill.Write(bytes, 0, (int)Math.Min(left, bytes.Length));
            }

            DurableFile.FlushHandle(fill.SafeFileHandle, fill.Name);
        }
        catch (Exception failure) when (failure is IOException or StoreException)
        {
            return; // full before it was expected
        }
    }
}
