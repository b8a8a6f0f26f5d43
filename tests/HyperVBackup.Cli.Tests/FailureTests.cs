using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Cli.Tests;

public sealed class FailureTests : IDisposable
{
    private readonly HvBackup hvbackup = new();

    [Fact]
    public async Task A_repository_that_is_not_there_is_said_by_every_command()
    {
        string[][] commands =
        [
            ["list"], ["stats"], ["verify"], ["rebuild-index"], ["synthesize", "--vm", "a"],
            ["restore", "a@latest", "--output", "x"], ["diff", "aaaa", "bbbb"],
            ["backup", "--vm", "a", "--disk", hvbackup.NewRaw("d.raw")],
        ];
        foreach (string[] command in commands)
        {
            Assert.Contains("does not exist", (await hvbackup.RunAsync(command)).Failure(), StringComparison.Ordinal);
        }

        Directory.CreateDirectory(hvbackup.Repository);
        Assert.Contains("'init' makes one", (await hvbackup.RunAsync("list")).Failure(), StringComparison.Ordinal);
        Assert.Contains(
            "/dev/null", (await hvbackup.RunAsync("-r", "/dev/null", "init")).Failure(), StringComparison.Ordinal);
        await hvbackup.InitAsync();
        Assert.Contains("already", (await hvbackup.RunAsync("init")).Failure(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nosuch.raw", "There is no disk image")]
    [InlineData("n=nosuch.raw", "There is no disk image")]
    [InlineData("repository", "is a folder")]
    [InlineData("cut.vhdx", "cut.vhdx")]
    public async Task An_image_that_cannot_be_read_is_named(string disk, string needle)
    {
        await hvbackup.InitAsync();
        await File.WriteAllTextAsync(hvbackup.PathOf("cut.vhdx"), "vhdxfile");

        CommandResult result = await hvbackup.RunAsync("backup", "--vm", "a", "--disk", disk);

        Assert.Contains(needle, result.Failure(), StringComparison.Ordinal);
        Assert.Empty(hvbackup.Stored("leases"));
    }

    [Fact]
    public async Task Restore_points_and_targets_that_do_not_do_are_named()
    {
        await hvbackup.InitAsync();
        string disk = hvbackup.NewRaw("d.raw");
        (await hvbackup.RunAsync("backup", "--vm", "a", "--disk", disk, "e=" + disk)).Json();
        Directory.CreateDirectory(hvbackup.PathOf("folder"));
        (string Line, string Needle)[] cases =
        [
            ("list --vm b", "no VM 'b'"),
            ("restore b@latest --output x", "no VM 'b'"),
            ("restore abc --output x", "at least 4"),
            ("restore zzzz --output x", "no restore point 'zzzz'"),
            ("restore @latest --output x", "''"),
            ("restore a@latest --disk f --output x", "has no disk 'f'; it has d, e"),
            ("restore a@latest --disk d --output d.raw", "--force"),
            ("restore a@latest --disk d --output folder --force", "is a folder"),
            ("restore a@latest --disk d --output new/", "is a folder"),
            ("restore a@latest --output d.raw --force", "is a file"),
            ("restore a@latest --disk d --output d.raw/x", "cannot be made"),
            ("backup --vm a --disk d.raw --changes nosuch.json", "no ranges file 'nosuch.json'"),
            ("synthesize --vm b", "no VM 'b'"),
            ("synthesize --vm a --at zzzz", "zzzz"),
            ("diff a@latest zzzz", "zzzz"),
            ("verify zzzz", "zzzz"),
        ];
        foreach ((string line, string needle) in cases)
        {
            CommandResult result = await hvbackup.RunAsync(line.Split(' '));
            Assert.Contains(needle, result.Failure(), StringComparison.Ordinal);
        }

        Assert.False(Path.Exists(hvbackup.PathOf("x")) || Path.Exists(hvbackup.PathOf("new")));
        Assert.Equal(1, (await hvbackup.RunAsync("list")).Json().GetProperty("restorePoints").GetArrayLength());
    }

    [Fact]
    public async Task A_full_disk_fails_backup_and_restore_in_a_sentence_and_leaves_no_remains()
    {
        using SmallDisk small = new(sizeBytes: 4 << 20);
        Assert.SkipUnless(small.IsMounted, "this user may not mount a file system");
        string repository = Path.Join(small.Path, "repository");
        string disk = hvbackup.NewRaw("d.raw", 8 << 20);
        (await hvbackup.RunAsync("-r", repository, "init")).Json();

        CommandResult backup = await hvbackup.RunAsync("-r", repository, "backup", "--vm", "a", "--disk", disk);
        Assert.Contains("No space left", backup.Failure(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            Directory.GetFiles(repository, "*", SearchOption.AllDirectories),
            file => file.Contains("/leases/", StringComparison.Ordinal)
                || file.Contains(".tmp", StringComparison.Ordinal));
        Assert.Equal(0, (await hvbackup.RunAsync("-r", repository, "verify", "--read-data")).ExitCode);

        await hvbackup.InitAsync();
        (await hvbackup.RunAsync("backup", "--vm", "a", "--disk", disk)).Json();
        foreach (string format in (string[])["raw", "vhdx"])
        {
            CommandResult restore = await hvbackup.RunAsync(
                "restore", "a@latest", "--output", Path.Join(small.Path, "full.img"), "--format", format);
            Assert.Contains("No space left", restore.Failure(), StringComparison.Ordinal);
        }

        Assert.Equal(["repository"], Directory.GetFileSystemEntries(small.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_read_only_repository_can_be_listed_verified_and_restored_from()
    {
        using SmallDisk small = new(sizeBytes: 8 << 20);
        Assert.SkipUnless(small.IsMounted, "this user may not mount a file system");
        string repository = Path.Join(small.Path, "repository");
        string disk = hvbackup.NewRaw("d.raw");
        (await hvbackup.RunAsync("-r", repository, "init")).Json();
        (await hvbackup.RunAsync("-r", repository, "backup", "--vm", "a", "--disk", disk)).Json();
        small.MakeReadOnly();

        (await hvbackup.RunAsync("-r", repository, "list")).Json();
        (await hvbackup.RunAsync("-r", repository, "verify", "--read-data")).Json();
        (await hvbackup.RunAsync("-r", repository, "restore", "a@latest", "--output", "r.raw", "--format", "raw"))
            .Json();
        string failure = (await hvbackup.RunAsync("-r", repository, "backup", "--vm", "a", "--disk", disk)).Failure();

        Assert.Equal(await File.ReadAllBytesAsync(disk), await File.ReadAllBytesAsync(hvbackup.PathOf("r.raw")));
        Assert.Contains("Read-only", failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damage_is_exit_code_1_with_the_whole_report()
    {
        await hvbackup.InitAsync();
        string disk = hvbackup.NewRaw("d.raw");
        (await hvbackup.RunAsync("backup", "--vm", "a", "--disk", disk)).Json();
        string pack = Assert.Single(hvbackup.Stored("packs"));
        byte[] bytes = await File.ReadAllBytesAsync(pack);
        bytes[1000] ^= 1;
        await File.WriteAllBytesAsync(pack, bytes);

        Assert.Equal(0, (await hvbackup.RunAsync("verify")).ExitCode);
        CommandResult verify = await hvbackup.RunAsync("verify", "--read-data");
        Assert.Equal((1, ""), (verify.ExitCode, verify.Errors));
        Assert.Contains("\"points\"", verify.Output, StringComparison.Ordinal);
        string restore = (await hvbackup.RunAsync("restore", "a@latest", "--output", "x")).Failure();
        Assert.Contains("good copy", restore, StringComparison.Ordinal);
        Assert.False(Path.Exists(hvbackup.PathOf("x")));

        await File.WriteAllTextAsync(Path.Join(hvbackup.Repository, "repository"), "not a repository");
        Assert.Equal(0, (await hvbackup.RunAsync("list")).ExitCode);
        File.Delete(Path.Join(hvbackup.Repository, "mirror", "repository"));
        Assert.Contains("cannot be opened", (await hvbackup.RunAsync("list")).Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verbose_adds_where_an_error_came_from()
    {
        CommandResult result = await hvbackup.RunPlainAsync("list", "--verbose");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("   at HyperVBackup.", result.Errors, StringComparison.Ordinal);
    }

    public void Dispose() => hvbackup.Dispose();
}
