using Xunit;

namespace HyperVBackup.Cli.Tests;

public sealed class InterruptedTextTests
{
    [Theory]
    [InlineData("no restore point was made", "backup", "--vm", "a", "--disk", "d.raw")]
    [InlineData("done before have their restore points", "backup", "--host", "--vm", "a", "--vm", "b")]
    [InlineData("done before have their restore points", "backup", "--host", "--container", "host")]
    [InlineData("no unfinished image was left", "restore", "a@latest", "--output", "d.vhdx")]
    [InlineData("no machine was made unless a warning names it", "host", "restore", "a@latest", "--output", "folder")]
    [InlineData("Interrupted.", "host", "list")]
    public void What_an_interruption_leaves_is_said_of_the_very_command(string told, params string[] arguments)
    {
        string sentence = Failures.Interrupted(CommandLine.Parse(arguments));
        Assert.StartsWith("Interrupted", sentence, StringComparison.Ordinal);
        Assert.Contains(told, sentence, StringComparison.Ordinal);
    }
}
