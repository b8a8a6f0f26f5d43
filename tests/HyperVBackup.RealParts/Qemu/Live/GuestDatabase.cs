using System.Globalization;
using System.Security.Cryptography;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.RealParts.Qemu.Live;

/// <summary>Reads the guest's database out of a raw image of its disk, as the guest does after a power loss: the file
/// system's journal is replayed, then the last page is put right. See guest-init.sh.</summary>
internal static class GuestDatabase
{
    private const int PageSizeBytes = 8192;

    /// <returns>The last number in the log, and what is wrong: nothing but the page of the last number may be torn.
    /// </returns>
    /// <exception cref="ToolException">The file system is damaged.</exception>
    public static (int Last, string Fault) Read(string imagePath, string scratchFolder)
    {
        int code = Tool.Try("e2fsck", "-f", "-p", imagePath).ExitCode;
        if (code > 1)
        {
            return (0, string.Create(CultureInfo.InvariantCulture, $"file system damaged ({code})"));
        }

        byte[] table = Dump(imagePath, scratchFolder, "table");
        string[] log = System.Text.Encoding.ASCII.GetString(Dump(imagePath, scratchFolder, "log")).Split('\n');
        string image = Hash(Dump(imagePath, scratchFolder, "image"));
        Dictionary<int, (int Number, string Hash)> pages = [];
        int last = 0;
        foreach (string line in log.SkipLast(1))
        {
            string[] words = line.Split(' ');
            last++;
            if (words.Length != 3 || words[0] != last.ToString(CultureInfo.InvariantCulture) || words[2].Length != 32)
            {
                return (last - 1, $"torn log after {last - 1}");
            }

            pages[int.Parse(words[1], CultureInfo.InvariantCulture)] = (last, words[2]);
        }

        IEnumerable<int> torn = pages
            .Where(page => Hash(table.AsSpan(page.Key * PageSizeBytes, PageSizeBytes)) != page.Value.Hash)
            .Where(page => page.Value.Number != last || page.Value.Hash != image)
            .Select(page => page.Key);
        return (last, log[^1].Length > 0 ? "torn log" : string.Join(", ", torn.Select(page => $"page {page} torn")));
    }

    /// <summary>Turns one byte over in the page that was written before the last.</summary>
    public static void Tear(string imagePath, string scratchFolder)
    {
        string log = System.Text.Encoding.ASCII.GetString(Dump(imagePath, scratchFolder, "log"));
        int page = int.Parse(log.Split('\n')[^3].Split(' ')[1], CultureInfo.InvariantCulture);
        byte[] table = Dump(imagePath, scratchFolder, "table");
        byte[] disk = File.ReadAllBytes(imagePath);
        int at = disk.AsSpan().IndexOf(table.AsSpan(page * PageSizeBytes, PageSizeBytes));
        disk[at + (PageSizeBytes / 2)] ^= 1;
        File.WriteAllBytes(imagePath, disk);
    }

    private static byte[] Dump(string imagePath, string scratchFolder, string name)
    {
        string path = Path.Join(scratchFolder, name);
        File.Delete(path);
        Tool.Run("debugfs", "-R", $"dump /{name} {path}", imagePath);
        return File.Exists(path) ? File.ReadAllBytes(path) : [];
    }

    /// <summary>As the guest names its pages.</summary>
#pragma warning disable CA5351 // no secret hangs on it
    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));
#pragma warning restore CA5351
}
