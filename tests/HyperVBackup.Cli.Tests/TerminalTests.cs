using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace HyperVBackup.Cli.Tests;

public sealed class TerminalTests : IDisposable
{
    private const string CursorShown = "\e[?25h";
    private const string CursorHidden = "\e[?25l";

    private readonly HvBackup hvbackup = new();

    [Fact]
    public async Task On_a_terminal_a_bar_with_rate_and_time_left_is_drawn_and_cleared_away()
    {
        await hvbackup.InitAsync();
        string disk = hvbackup.NewRaw("d.raw", 16 << 20);
        string slow = $"strace -D -f -qq -o /dev/null -P {disk} -e trace=pread64 -e inject=pread64:delay_exit=100000";
        Process terminal = hvbackup.Start(
            "script", "-qec", $"{slow} {HvBackup.Executable} backup --vm a --disk {disk}", "/dev/null");

        CommandResult result = await HvBackup.FinishAsync(terminal);

        Assert.Equal(0, result.ExitCode);
        int end = result.Output.LastIndexOf(CursorShown, StringComparison.Ordinal);
        string bar = result.Output[..end];
        Assert.Contains(CursorHidden, bar, StringComparison.Ordinal);
        Assert.Matches(@"\d+%", bar);
        Assert.Contains("MiB/s", bar, StringComparison.Ordinal);
        Assert.Contains("00:00:0", bar, StringComparison.Ordinal);
        string left = result.Output[(end + CursorShown.Length)..];
        Assert.StartsWith("Restore point ", left, StringComparison.Ordinal);
        Assert.DoesNotContain("\e", left, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("8M")]
    [InlineData("8MiB/s")]
    public async Task A_recovery_shows_its_rate_which_a_limit_bounds_and_the_time_left(string limit)
    {
        await hvbackup.InitAsync();
        string disk = hvbackup.NewRaw("d.raw", 16 << 20);
        (await hvbackup.RunAsync("backup", "--vm", "a", "--disk", disk)).Json();
        Process terminal = hvbackup.Start(
            "script", "-qec", $"{HvBackup.Executable} backup --vm a --disk {disk} --limit {limit}", "/dev/null");

        CommandResult result = await HvBackup.FinishAsync(terminal);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("00:00:0", result.Output, StringComparison.Ordinal);
        double[] rates = [.. Regex.Matches(result.Output, @"([\d.]+) MiB/s").Select(match =>
            double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture))];
        Assert.NotEmpty(rates);
        Assert.InRange(rates[^1], 1, 10);
    }

    [Fact]
    public async Task Without_a_terminal_nothing_is_drawn()
    {
        await hvbackup.InitAsync();

        CommandResult result = await hvbackup.RunPlainAsync("backup", "--vm", "a", "--disk", hvbackup.NewRaw("d.raw"));

        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
        Assert.DoesNotContain("\e", result.Output, StringComparison.Ordinal);
    }

    public void Dispose() => hvbackup.Dispose();
}
