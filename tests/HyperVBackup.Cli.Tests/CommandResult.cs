using System.Text.Json;
using Xunit;

namespace HyperVBackup.Cli.Tests;

/// <summary>How a command ended and what it wrote.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    /// <summary>The one JSON document on standard output; nothing may be on standard error.</summary>
    public JsonElement Json()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Errors}");
        Assert.Empty(Errors);
        using JsonDocument document = JsonDocument.Parse(Output);
        return document.RootElement.Clone();
    }

    /// <summary>Holds that it failed with one sentence and nothing else.</summary>
    public string Sentence(int exitCode)
    {
        Assert.Equal((exitCode, ""), (ExitCode, Output));
        string[] lines = Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("hvbackup: ", lines[0], StringComparison.Ordinal);
        Assert.EndsWith(".", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain("should not happen", Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(" at HyperVBackup.", Errors, StringComparison.Ordinal);
        Assert.All(
            lines[1..], line => Assert.EndsWith("--help' shows what can be said.", line, StringComparison.Ordinal));
        return lines[0];
    }

    /// <summary>Holds that it was used wrongly, and says so.</summary>
    public string WrongUsage() => Sentence(exitCode: 2);

    /// <summary>Holds that it failed, and says so in one line.</summary>
    public string Failure()
    {
        string sentence = Sentence(exitCode: 1);
        Assert.Equal(sentence, Errors.TrimEnd('\n'));
        return sentence;
    }
}
