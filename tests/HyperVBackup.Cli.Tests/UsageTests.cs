using Xunit;

namespace HyperVBackup.Cli.Tests;

public sealed class UsageTests : IDisposable
{
    private readonly HvBackup hvbackup = new();

    [Theory]
    [InlineData("", "Name a command")]
    [InlineData("mend", "no command 'mend'")]
    [InlineData("list bogus", "does not take 'bogus'")]
    [InlineData("init --parity 0", "no share of parity")]
    [InlineData("init --encrypt", "no option '--encrypt'")]
    [InlineData("init --chunk-size 5", "'5' is no size")]
    [InlineData("init --chunk-size=-64KiB", "'-64KiB' is no size")]
    [InlineData("init --chunk-size 99KiB", "power of two")]
    [InlineData("init --chunk-size 9999999999999999999TiB", "is no size")]
    [InlineData("init --compression zip", "'zip' is no compression")]
    [InlineData("init --compression zstd:99", "is no compression: use lz4, zstd, zstd:LEVEL (1 to 19) or none")]
    [InlineData("init --compression zstd:0", "'zstd:0' is no compression")]
    [InlineData("init --compression zstd:", "'zstd:' is no compression")]
    [InlineData("init --compression zstd:fast", "'zstd:fast' is no compression")]
    [InlineData("init --compression lz4:9", "'lz4:9' is no compression")]
    [InlineData("init --compression ''", "'' is no compression")]
    [InlineData("init --compression", "--compression")]
    [InlineData("list --memory 1KiB", "'1KiB' is no size")]
    [InlineData("list -r", "-r")]
    [InlineData("-r a list -r b", "-r")]
    [InlineData("backup --vm a", "--disk")]
    [InlineData("backup --disk d.raw", "--vm")]
    [InlineData("backup --vm a@b --disk d.raw", "cannot name a VM")]
    [InlineData("backup --vm '' --disk d.raw", "cannot name a VM")]
    [InlineData("backup --vm a --disk ''", "names no disk image")]
    [InlineData("backup --vm a --disk c=", "names no disk image")]
    [InlineData("backup --vm a --disk =d.raw", "cannot name a disk")]
    [InlineData("backup --vm a --disk ..=d.raw", "cannot name a disk")]
    [InlineData("backup --vm a --disk d.raw D=d.raw", "Two disks are named 'D'")]
    [InlineData("backup --vm a --disk d.raw --disk d.raw", "Two disks are named 'd'")]
    [InlineData("backup --vm a --disk d.raw e=d.raw --changes -", "one for each")]
    [InlineData("backup --vm a --disk d.raw --changes - -", "one for each")]
    [InlineData("backup --vm a --disk d.raw --changes ''", "names no ranges file")]
    [InlineData("backup --vm a --disk d.raw --audit 101", "'101' is no percentage")]
    [InlineData("backup --vm a --disk d.raw --audit=-1", "'-1' is no percentage")]
    [InlineData("backup --vm a --disk d.raw --audit NaN", "'NaN' is no percentage")]
    [InlineData("backup --vm a --disk d.raw --limit 1", "'1' is no rate")]
    [InlineData("backup --vm a --disk d.raw --limit fast", "'fast' is no rate")]
    [InlineData("backup --vm a --disk d.raw --limit ''", "'' is no rate")]
    [InlineData("backup --vm a --disk d.raw --limit 50MB", "'50MB' is no rate from 64 KiB to 1 PiB a second")]
    [InlineData("restore a@latest", "--output")]
    [InlineData("restore a@latest --output ''", "nothing to write")]
    [InlineData("restore a@latest --output x --format qcow2", "'qcow2' is no format")]
    [InlineData("restore --output x", "")]
    [InlineData("diff a@latest", "")]
    [InlineData("synthesize", "--vm")]
    [InlineData("explain", "")]
    [InlineData("verify --read-data 101", "from 0 to 100")]
    [InlineData("verify --read-data abc", "from 0 to 100")]
    [InlineData("-r '' list", "No repository")]
    [InlineData("demo --folder ''", "names no folder")]
    public async Task Wrong_usage_is_said_in_a_sentence_with_exit_code_2(string line, string needle)
    {
        hvbackup.NewRaw("d.raw", 4096);

        CommandResult result = await hvbackup.RunPlainAsync(Words(line));

        Assert.Contains(needle, result.WrongUsage(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("backup --vm a --qemu s --disk d.raw --changes -", "exclude each other")]
    [InlineData("backup --vm a --qemu tcp:host --disk d", "'tcp:host' is no address")]
    [InlineData("backup --vm a --qemu s --disk =d", "names no block node")]
    [InlineData("backup --vm a --qemu s --disk a=", "names no block node")]
    [InlineData("backup --vm a --qemu s --disk a=d b=d", "stands twice")]
    [InlineData("backup --vm a --qemu s --disk d D=e", "stands twice")]
    [InlineData("backup --vm a --nbd s --disk d.raw", "--nbd needs --qemu")]
    [InlineData("backup --vm a --disk d.raw --require-consistent", "--require-consistent needs --qemu")]
    public async Task Wrong_usage_of_a_running_machine_is_too(string line, string needle) =>
        await Wrong_usage_is_said_in_a_sentence_with_exit_code_2(line, needle);

    [Theory]
    [InlineData("backup --vm a --container host", "--container needs --host")]
    [InlineData("backup --vm a --disk d.raw --keep-checkpoints", "--keep-checkpoints needs --host")]
    [InlineData("backup --host", "either with --vm and --group or with --container")]
    [InlineData("backup --host --vm a --container host", "either with --vm and --group or with --container")]
    [InlineData("backup --host --vm ''", "names no machine")]
    [InlineData("backup --host --vm a --disk d.raw", "--disk and --host exclude each other")]
    [InlineData("backup --host --vm a --qemu s", "--qemu and --host exclude each other")]
    [InlineData("backup --vm a b --disk d.raw", "Only --host backs several VMs up")]
    [InlineData("host mend", "'hvbackup host' does not take 'mend'")]
    [InlineData("host list mend", "'hvbackup host list' does not take 'mend'")]
    public async Task Wrong_usage_of_a_host_is_too(string line, string needle) =>
        await Wrong_usage_is_said_in_a_sentence_with_exit_code_2(line, needle);

    [Fact]
    public async Task Every_command_explains_itself()
    {
        string root = (await hvbackup.RunPlainAsync("--help")).Output;
        string[] commands =
            [
                "init", "backup", "list", "restore", "synthesize", "diff", "verify", "repair", "prune", "pin",
                "explain", "stats", "rebuild-index", "host",
            ];
        Assert.All(commands, command => Assert.Contains($"  {command} ", root, StringComparison.Ordinal));
        foreach (string command in commands)
        {
            CommandResult help = await hvbackup.RunPlainAsync(command, "--help");
            Assert.Equal((0, ""), (help.ExitCode, help.Errors));
            Assert.Contains("HVBACKUP_REPOSITORY", help.Output, StringComparison.Ordinal);
        }

        Assert.Matches(@"^\d+\.\d+\.\d+", (await hvbackup.RunPlainAsync("--version")).Output);
    }

    [Fact]
    public async Task Commands_of_one_process_share_their_options_and_leave_nothing_at_them()
    {
        using StringWriter errors = new();
        Surroundings.Current = new Surroundings { Errors = errors };
        Assert.Equal(2, await CommandLine.RunAsync(["mend"]));
        int parentCount = GlobalOptions.Json.Parents.Count();

        Assert.Equal(2, await CommandLine.RunAsync(["mend"]));

        Assert.Equal(parentCount, GlobalOptions.Json.Parents.Count());
    }

    public void Dispose() => hvbackup.Dispose();

    private static string[] Words(string line) =>
        [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word == "''" ? "" : word)];
}
