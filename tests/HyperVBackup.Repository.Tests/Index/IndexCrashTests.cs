using System.Diagnostics;
using System.Globalization;
using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>Processes that are killed while they save.</summary>
public sealed class IndexCrashTests : IDisposable
{
    private const int KillCount = 12;
    private const int SessionsPerRunMax = 6;
    private const int SpinCountMax = 400_000;
    private readonly StateFolder state = new();

    public void Dispose() => state.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_kill_at_any_moment_of_a_save_loses_no_save_before(int seed)
    {
        Random random = new(seed);
        int nextSession = 0;
        foreach (int kill in Enumerable.Range(0, KillCount))
        {
            string context = string.Create(CultureInfo.InvariantCulture, $"seed {seed}, kill {kill}");
            (int savedEnd, int seenEnd) = await RunAndKillAsync(nextSession, random);
            await using IChunkIndex index = state.Open(IndexSample.Repository(0));
            int coveredCount = index.RequireRight(seenEnd, IndexChild.ChunkCount, context);
            Assert.True(coveredCount >= savedEnd, $"{context}: {coveredCount} of {savedEnd} saved sessions");
            Assert.All(
                Enumerable.Range(0, coveredCount), session => Assert.True(index.Covers(IndexSample.Session(session))));
            nextSession = coveredCount;
        }

        Assert.True(nextSession > KillCount);
    }

    [Fact]
    public async Task A_second_process_reads_beside_one_that_saves()
    {
        using Process child = IndexChild.Start(state.Root, 0);
        foreach (int round in Enumerable.Range(0, 8))
        {
            int savedEnd = await ReadUntilSavedAsync(child);
            await using IChunkIndex view = state.Open(IndexSample.Repository(0));
            Assert.IsType<ChunkIndexView>(view);
            Assert.True(view.RequireRight(savedEnd + 20, IndexChild.ChunkCount) >= savedEnd);
        }

        child.Kill();
        await child.WaitForExitAsync();
    }

    /// <summary>Lets a child save some sessions and kills it a while after it began to save another.</summary>
    /// <returns>The end of the sessions it surely saved, and of those it may have.</returns>
    private async Task<(int SavedEnd, int SeenEnd)> RunAndKillAsync(int firstSession, Random random)
    {
        int lastSession = firstSession + random.Next(SessionsPerRunMax);
        int spinCount = random.Next(SpinCountMax);
        using Process child = IndexChild.Start(state.Root, firstSession);
        string last = string.Create(CultureInfo.InvariantCulture, $"saving {lastSession}");
        while (await child.StandardOutput.ReadLineAsync() is { } line && line != last)
        {
            Assert.StartsWith("sav", line, StringComparison.Ordinal);
        }

        Thread.SpinWait(spinCount);
        child.Kill();
        string rest = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        string[] lines = rest.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        int laterCount = lines.Count(line => line.StartsWith("saved ", StringComparison.Ordinal));
        return (lastSession + laterCount, lastSession + laterCount + 2);
    }

    private static async Task<int> ReadUntilSavedAsync(Process child)
    {
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("saved ", StringComparison.Ordinal))
            {
                return int.Parse(line["saved ".Length..], CultureInfo.InvariantCulture) + 1;
            }
        }

        throw new InvalidOperationException("The child ended early.");
    }
}
