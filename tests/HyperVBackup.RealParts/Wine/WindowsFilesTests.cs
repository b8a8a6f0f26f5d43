using System.Diagnostics;
using System.Text.Json;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Wine;

/// <summary>What files do on Windows and nowhere else, or otherwise than elsewhere.</summary>
public sealed class WindowsFilesTests : IDisposable
{
    private const int MiB = 1 << 20;
    private readonly TestFolder folder = new();
    private readonly Hvbackup windows;
    private readonly string image;

    public WindowsFilesTests()
    {
        windows = WinePrefix.NewHvbackup(folder.File("repository"), folder.File("state"));
        image = folder.File("disk.img");
        NoiseDisk.Create(image, 3 * MiB, seed: 3);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_that_another_program_has_for_itself_is_said_and_costs_nothing()
    {
        windows.Json("init");
        using (HeldFile.Alone(folder, image))
        {
            RequireRefused(Backup("web", image), "disk.img", "another process");
        }

        Backup("web", image, isGood: true);
        string restored = folder.File("restored.raw");
        File.WriteAllText(restored, "another's");
        using (HeldFile.ForReading(folder, restored))
        {
            RequireRefused(Restore("web@latest", restored), "restored.raw");
        }

        Assert.Equal("another's", File.ReadAllText(restored));
        Assert.Empty(Directory.EnumerateFiles(folder.Path, ".tmp*"));
        RequireRestores("web@latest", restored);
    }

    [Fact]
    public void A_pack_that_another_program_reads_is_collected_once_it_lets_go()
    {
        windows.Json("init");
        Backup("web", image, isGood: true);
        string[] packs = Directory.GetFiles(
            Path.Join(windows.RepositoryPath, "packs"), "*", SearchOption.AllDirectories);
        NoiseDisk.Create(image, 3 * MiB, seed: 4);
        Backup("web", image, isGood: true);
        windows.Json("prune", "--keep-last", "1");
        using (HeldFile.ForReading(folder, packs[0]))
        {
            RequireRefused(windows.Try("collect"), Path.GetFileName(packs[0]));
        }

        windows.Json("collect");

        Assert.All(packs, pack => Assert.False(File.Exists(pack), pack));
        RequireSound();
        RequireRestores("web@latest", folder.File("restored.raw"));
    }

    [Fact]
    public void A_disk_that_is_full_is_said_and_nothing_is_left_there()
    {
        using SmallFileSystem small = new(folder.File("small"), sizeMiB: 6);
        Hvbackup onSmall = WinePrefix.NewHvbackup(small.Path + "/repository", folder.File("state"));
        onSmall.Json("init");
        NoiseDisk.Create(image, 12 * MiB, seed: 5);
        string[] backup = ["backup", "--vm", "web", "--disk", WinePrefix.Named(image)];

        RequireRefused(onSmall.Try(backup), WinePrefix.Named(small.Path), "free some space there");
        Assert.Empty(Directory.EnumerateFiles(onSmall.RepositoryPath + "/leases"));
        Assert.Empty(Directory.EnumerateFiles(onSmall.RepositoryPath + "/.tmp"));
        Assert.Equal(0, onSmall.Json("list").GetProperty("restorePoints").GetArrayLength());

        Tool.Run("mount", "-o", "remount,size=20M", small.Path);
        onSmall.Json(backup);
        string restored = small.Path + "/restored.raw";
        RequireRefused(
            onSmall.Try("restore", "web@latest", "--format", "raw", "--output", WinePrefix.Named(restored)),
            "restored.raw", "free some space there");
        Assert.Equal([onSmall.RepositoryPath], Directory.EnumerateFileSystemEntries(small.Path));
    }

    [Fact]
    public void A_repository_that_may_not_be_written_is_said_and_read()
    {
        using SmallFileSystem small = new(folder.File("small"), sizeMiB: 20);
        Hvbackup onSmall = WinePrefix.NewHvbackup(small.Path + "/repository", folder.File("state"));
        onSmall.Json("init");
        onSmall.Json("backup", "--vm", "web", "--disk", WinePrefix.Named(image));
        Tool.Run("mount", "-o", "remount,ro", small.Path);

        RequireRefused(
            onSmall.Try("backup", "--vm", "web", "--disk", WinePrefix.Named(image)), WinePrefix.Named(small.Path));
        Assert.Equal(1, onSmall.Json("list").GetProperty("restorePoints").GetArrayLength());
    }

    [Fact]
    public void Paths_of_any_length_and_every_way_to_write_them_are_taken()
    {
        string deep = Path.Join([folder.Path, .. Enumerable.Repeat(new string('d', 60), 5)]);
        string deepImage = Directory.CreateDirectory(deep).FullName + "/disk.img";
        File.Copy(image, deepImage);
        Hvbackup plain = WinePrefix.NewHvbackup(deep + "/repository", folder.File("state"));
        Hvbackup verbatim = WinePrefix.HvbackupOn(
            plain.RepositoryPath, plain.StatePath, @"\\?\" + WinePrefix.Named(plain.RepositoryPath));
        plain.Json("init");
        plain.Json("backup", "--vm", "web", "--disk", WinePrefix.Named(deepImage));
        verbatim.Json("backup", "--vm", "web", "--disk", WinePrefix.Named(deepImage), "--full");
        Assert.Equal(0, verbatim.Json("verify", "--read-data").GetProperty("damage").GetArrayLength());
        plain.Json("prune", "--keep-last", "1");
        verbatim.Json("collect");

        string restored = deep + "/restored.raw";
        verbatim.Json("restore", "web@latest", "--format", "raw", "--output", WinePrefix.Named(restored));

        Assert.Empty(RawImage.Differences(image, restored));
    }

    [Fact]
    public void Names_are_kept_as_they_are_and_found_without_regard_to_case()
    {
        const string Name = "Bücher Ω — склад";
        windows.Json("init");
        string named = folder.File(Name + ".IMG");
        File.Copy(image, named);

        JsonElement made = windows.Json("backup", "--vm", Name, "--disk", WinePrefix.Named(named));

        Assert.Equal(Name, made.GetProperty("vm").GetString());
        Assert.Equal(Name, made.GetProperty("disks")[0].GetProperty("disk").GetString());
        Assert.Contains(Name, windows.Try("list").Output, StringComparison.Ordinal);
        string missing = WinePrefix.Named(folder.File(Name + "?"));
        Assert.Contains(Name, windows.Try("backup", "--vm", "x", "--disk", missing).Errors, StringComparison.Ordinal);
        string restored = folder.File(Name + ".RAW");
        windows.Json(
            "restore", Name.ToUpperInvariant() + "@latest", "--format", "raw", "--output", WinePrefix.Named(restored));
        Assert.Empty(RawImage.Differences(named, restored));
    }

    [Fact]
    public void Disks_whose_names_no_file_can_have_are_restored_alone()
    {
        windows.Json("init");
        Hvbackup linux = new(windows.RepositoryPath, folder.File("state-linux"));
        linux.Json("backup", "--vm", "web", "--disk", "data:one=" + image, "NUL=" + image);
        string target = folder.Folder("target");

        RequireRefused(
            windows.Try("restore", "web@latest", "--output", WinePrefix.Named(target)), "'data:one.vhdx'", "--disk");
        Assert.Empty(Directory.EnumerateFileSystemEntries(target));
        string alone = target + "/alone.raw";
        windows.Json(
            "restore", "web@latest", "--disk", "nul", "--format", "raw", "--output", WinePrefix.Named(alone));

        Assert.Empty(RawImage.Differences(image, alone));
    }

    [Fact]
    public void A_backup_that_was_killed_is_cleaned_up_by_the_next()
    {
        windows.Json("init");
        string leases = Path.Join(windows.RepositoryPath, "leases");
        using (Process process = windows.Start(
            "backup", "--vm", "web", "--disk", WinePrefix.Named(image), "--limit", "100K"))
        {
            while (!Directory.Exists(leases) || Directory.GetFiles(leases).Length == 0)
            {
                Assert.False(process.WaitForExit(20), "the backup ended before it could be killed");
            }

            process.Kill();
            process.WaitForExit();
        }

        Backup("web", image, isGood: true);

        Assert.Empty(Directory.EnumerateFiles(leases));
        Assert.Empty(Directory.EnumerateFiles(Path.Join(windows.RepositoryPath, ".tmp")));
        RequireSound();
    }

    private ToolResult Backup(string vm, string path, bool isGood = false)
    {
        ToolResult result = windows.Try("backup", "--vm", vm, "--disk", WinePrefix.Named(path));
        Assert.True(!isGood || result.ExitCode == 0, result.Errors);
        return result;
    }

    private ToolResult Restore(string point, string path) => windows.Try(
        "restore", point, "--format", "raw", "--force", "--output", WinePrefix.Named(path));

    private void RequireRestores(string point, string path)
    {
        ToolResult result = Restore(point, path);
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Empty(RawImage.Differences(image, path));
    }

    private void RequireSound() =>
        Assert.Equal(0, windows.Json("verify", "--read-data").GetProperty("damage").GetArrayLength());

    /// <summary>One sentence with all that it is to say.</summary>
    private static void RequireRefused(ToolResult result, params string[] said)
    {
        Assert.True(result.ExitCode == 1, $"{result.ExitCode}: {result.Errors}");
        string sentence = Assert.Single(result.Errors.Trim().Split('\n'));
        Assert.StartsWith("hvbackup: ", sentence, StringComparison.Ordinal);
        Assert.All(said, part => Assert.Contains(part, sentence, StringComparison.Ordinal));
    }
}
