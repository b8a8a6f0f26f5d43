using HyperVBackup.Storage.Native;

namespace HyperVBackup.Storage.Files;

/// <summary>Tells file systems that other hosts write to through caches of their own from those whose folders every
/// process sees alike: local ones, and cluster file systems that keep their hosts in step.</summary>
internal static class NetworkMount
{
    private const string MountTable = "/proc/self/mountinfo";
    private const long Fuse = 0x65735546;

    /// <summary>By the numbers of statfs(2). A mount of them keeps folders, and names that were not there, in a cache
    /// for seconds.</summary>
    private static readonly Dictionary<long, string> Caching = new()
    {
        [0x6969] = "NFS",
        [0x517B] = "SMB",
        [0xFE534D42] = "SMB",
        [0xFF534D42] = "SMB (CIFS)",
        [0x01021997] = "9p",
        [0x5346414F] = "AFS",
        [0x6B414653] = "AFS",
        [0x73757245] = "Coda",
        [0x564C] = "NCP",
        [0x786F4256] = "VirtualBox shared folder",
        [0xBACBACBC] = "VMware shared folder",
    };

    /// <returns>What kind of network mount <paramref name="folder"/> lies on; null for none.</returns>
    /// <exception cref="StoreException">The system cannot be asked.</exception>
    public static string? Find(string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            return FindByDrive(folder);
        }

        int error = Libc.FindFileSystem(folder, out long kind);
        if (error != 0)
        {
            throw SystemError.ToException(error, "look at the mount of", folder);
        }

        return kind == Fuse ? FindFuse(folder) : Caching.GetValueOrDefault(kind);
    }

    /// <summary>What programs mount is anything: a local disk as block device, else as a rule something far away.
    /// </summary>
    private static string? FindFuse(string folder)
    {
        string type = TypeIn(File.ReadLines(MountTable), folder) ?? "fuse";
        return type == "fuseblk" ? null : $"FUSE ({type})";
    }

    /// <param name="mounts">As proc_pid_mountinfo(5) says: id, parent, device, root, mount point, options and others,
    /// a dash, type, source, options.</param>
    /// <returns>The type of the mount that <paramref name="folder"/> lies on: of those whose mount point is longest,
    /// the last.</returns>
    internal static string? TypeIn(IEnumerable<string> mounts, string folder)
    {
        const int PointField = 4;
        string? type = null;
        int longest = -1;
        foreach (string line in mounts)
        {
            string[] fields = line.Split(' ');
            int dash = Array.IndexOf(fields, "-");
            if (dash <= PointField || dash + 1 >= fields.Length)
            {
                continue;
            }

            string point = Unescape(fields[PointField]);
            bool isAbove = point == "/" || folder == point || folder.StartsWith(point + "/", StringComparison.Ordinal);
            if (isAbove && point.Length >= longest)
            {
                (longest, type) = (point.Length, fields[dash + 1]);
            }
        }

        return type;
    }

    /// <summary>Blanks and the like stand as a backslash and three octal digits.</summary>
    private static string Unescape(string field) => field
        .Replace(@"\040", " ", StringComparison.Ordinal)
        .Replace(@"\011", "\t", StringComparison.Ordinal)
        .Replace(@"\012", "\n", StringComparison.Ordinal)
        .Replace(@"\134", @"\", StringComparison.Ordinal);

    private static string? FindByDrive(string folder)
    {
        string drive = Path.GetPathRoot(Path.GetFullPath(folder)) ?? "";
        bool isShare = OperatingSystem.IsWindows()
            && drive.StartsWith(@"\\", StringComparison.Ordinal)
            && (drive.StartsWith(@"\\?\UNC\", StringComparison.OrdinalIgnoreCase) || drive[2] is not ('?' or '.'));
        if (isShare)
        {
            return "network share";
        }

        // Drives other than a letter's, such as volumes by their GUID, are local.
        string root = drive.Replace(@"\\?\", "", StringComparison.Ordinal);
        bool isNetwork = OperatingSystem.IsWindows()
            ? root.Length == 3 && root[1] == ':' && new DriveInfo(root).DriveType == DriveType.Network
            : new DriveInfo(folder).DriveType == DriveType.Network;
        return isNetwork ? "network drive" : null;
    }
}
