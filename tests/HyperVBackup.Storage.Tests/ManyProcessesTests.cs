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

    /// <summary>Both ways, while others fill and empty the same folder.</summary>
    [Fact]
    public async Task A_listing_shows_every_name_that_another_process_put_before_it_began()
    {
        const int nameCount = 150;
        using TemporaryFolder folder = new();
        using FolderStore store = new(folder.Path);
        await store.TryPutAsync(new BlobName("leases/first"), new byte[1], default);
        Process[] passing = [.. Enumerable.Range(0, 3).Select(number =>
            StoreProcess.Start("pass", folder.Path, $"leases/passing-{number}"))];
        using Process putting = StoreProcess.Start("claim", folder.Path, "1");
        using Process listing = StoreProcess.Start("lists", folder.Path);
        for (int index = 0; index < nameCount; index++)
        {
            Assert.Equal("1", await ClaimAsync(putting, new BlobName($"leases/theirs-{index}")));
            HashSet<string> ours = [];
            await foreach (BlobName name in store.ListAsync("leases/", default))
            {
                ours.Add(name.Path);
            }

            Assert.All(Enumerable.Range(0, index + 1), put => Assert.Contains($"leases/theirs-{put}", ours));
            Assert.True(await store.TryPutAsync(new BlobName($"leases/ours-{index}"), new byte[1], default));
            string[] theirs = (await AskAsync(listing, "leases/"))!.Split(' ');
            Assert.All(Enumerable.Range(0, index + 1), put => Assert.Contains($"leases/ours-{put}", theirs));
        }

        foreach (Process process in (Process[])[.. passing, putting, listing])
        {
            process.StandardInput.Close();
            string rest = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal((0, "end"), (process.ExitCode, rest.Trim()));
            process.Dispose();
        }
    }

    private static Task<string?> ClaimAsync(Process claimant, BlobName name) => AskAsync(claimant, name.Path);

    private static async Task<string?> AskAsync(Process process, string line)
    {
        await process.StandardInput.WriteLineAsync(line);
        await process.StandardInput.FlushAsync();
        return await process.StandardOutput.ReadLineAsync();
    }
}
