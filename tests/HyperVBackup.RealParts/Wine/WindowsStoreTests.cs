using System.Diagnostics;
using System.Globalization;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Wine;

/// <summary>Several processes on Windows use one store at a time.</summary>
public sealed class WindowsStoreTests : IDisposable
{
    private const int ProcessCount = 4;
    private const int RoundCount = 60;
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Processes_that_claim_one_name_have_exactly_one_winner_in_every_round()
    {
        Process[] claimants = [.. Enumerable.Range(0, ProcessCount).Select(claimant => WinePrefix.Start(
            WinePrefix.WindowsProcessPath, "claim", WinePrefix.Named(folder.Path),
            claimant.ToString(CultureInfo.InvariantCulture)))];
        HashSet<int> winners = [];
        for (int round = 0; round < RoundCount; round++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"retired-{round % 10}/{round}");
            string?[] answers = await Task.WhenAll(claimants.Select(claimant => ClaimAsync(claimant, name)));
            int winner = Assert.Single(Enumerable.Range(0, ProcessCount), claimant => answers[claimant] == "1");
            Assert.Equal(ProcessCount - 1, answers.Count(answer => answer == "0"));
            Assert.Equal([(byte)winner], await File.ReadAllBytesAsync(folder.File(name), default));
            winners.Add(winner);
        }

        foreach (Process claimant in claimants)
        {
            claimant.StandardInput.Close();
            await claimant.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, claimant.ExitCode);
            claimant.Dispose();
        }

        Assert.Empty(Directory.EnumerateFiles(folder.File(".tmp")));
        Assert.True(winners.Count > 1, "The claimants never raced: one of them won every round.");
    }

    [Fact]
    public void A_blob_that_is_open_somewhere_is_gone_once_it_is_deleted()
    {
        ToolResult result = WinePrefix.Try(
            WinePrefix.WindowsProcessPath, "replace", WinePrefix.Named(folder.File("store")));

        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Equal(
            ["100000", "gone", "0", "True", "70000"],
            result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.Empty(Directory.EnumerateFiles(folder.File("store/.tmp")));
    }

    private static async Task<string?> ClaimAsync(Process claimant, string name)
    {
        await claimant.StandardInput.WriteLineAsync(name);
        await claimant.StandardInput.FlushAsync();
        return await claimant.StandardOutput.ReadLineAsync();
    }
}
