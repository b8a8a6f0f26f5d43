using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace HyperVBackup.Storage.Tests;

public sealed class ManyProcessesTests
{
    private const int ProcessCount = 8;
    private const int RoundCount = 200;

    [Fact]
    public async Task Eight_processes_that_claim_one_name_have_exactly_one_winner_in_every_round()
    {
        using TemporaryFolder folder = new();
        using FolderStore store = new(folder.Path);
        Process[] claimants = [.. Enumerable.Range(0, ProcessCount).Select(claimant =>
            StoreProcess.Start("claim", folder.Path, claimant.ToString(CultureInfo.InvariantCulture)))];
        HashSet<int> winners = [];
        for (int round = 0; round < RoundCount; round++)
        {
            BlobName name = new($"retired-{round % 10}/{round}");
            string?[] answers = await Task.WhenAll(claimants.Select(claimant => ClaimAsync(claimant, name)));
            int winner = Assert.Single(Enumerable.Range(0, ProcessCount), claimant => answers[claimant] == "1");
            Assert.Equal(ProcessCount - 1, answers.Count(answer => answer == "0"));
            byte[] content = new byte[2];
            Assert.Equal(1, await store.TryReadAsync(name, 0, content, default));
            Assert.Equal(winner, content[0]);
            winners.Add(winner);
        }

        foreach (Process claimant in claimants)
        {
            claimant.StandardInput.Close();
            await claimant.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, claimant.ExitCode);
            claimant.Dispose();
        }

        Assert.Empty(Directory.EnumerateFiles(folder.Path, "*~*", SearchOption.AllDirectories));
        Assert.True(winners.Count > 1, "The claimants never raced: one of them won every round.");
    }

    private static async Task<string?> ClaimAsync(Process claimant, BlobName name)
    {
        await claimant.StandardInput.WriteLineAsync(name.Path);
        await claimant.StandardInput.FlushAsync();
        return await claimant.StandardOutput.ReadLineAsync();
    }
}
