using System.Globalization;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Together;

/// <summary>Eight hosts back up into one repository while others prune, collect, verify and restore, and any of them is
/// killed at any moment: every point that is shown restores to its bytes, all the time.
/// <c>./build.sh soak</c> runs it for long.</summary>
public sealed class TogetherTests
{
    private const int HostCount = 8;
    private const int RoundCount = 3;
    private const int RoundCountMax = 30;
    private const int Seed = 20261123;

    [Fact]
    public async Task Every_point_restores_while_all_work_and_some_are_killed()
    {
        using TestFolder folder = new();
        Workplace workplace = new(folder);
        int seed = NumberOf("HVBACKUP_SOAK_SEED") ?? Seed;
        Assert.NotNull(workplace.Require("host0", new Random(seed), killChance: 0, "init"));
        await WorkAsync(workplace, seed, NumberOf("HVBACKUP_SOAK_MINUTES"));
        new Caretaker(workplace, "last", seed).Finish();
        new Restorer(workplace, "last", seed).RestoreAll();
        string figures = string.Create(CultureInfo.InvariantCulture,
            $"seed {seed}: points {workplace.Book.PointCount}, restored {workplace.Book.RestoredCount}, ")
            + workplace.Figures;
        TestContext.Current.TestOutputHelper?.WriteLine(figures);
        List<string> violations = [.. workplace.Violations, .. workplace.Book.FindWrong()];
        Assert.True(violations.Count == 0, string.Join(Environment.NewLine, [figures, .. violations]));
        Assert.True(workplace.Book.PointCount > HostCount && workplace.CountOf("kills") > 0, figures);
    }

    private static async Task WorkAsync(Workplace workplace, int seed, int? minutes)
    {
        using CancellationTokenSource ending = new();
        if (minutes is int count)
        {
            ending.CancelAfter(TimeSpan.FromMinutes(count));
        }

        Task[] hosts = [.. Enumerable.Range(0, HostCount).Select(number =>
        {
            BackupHost host = new(workplace, number, seed + number);
            return Task.Run(() => Repeat(host.RunOnce, IsToGoOn, ending.Token));
        })];
        Caretaker pruner = new(workplace, "pruner", seed + 100);
        Caretaker[] collectors = [new(workplace, "collector1", seed + 101), new(workplace, "collector2", seed + 102)];
        Caretaker verifier = new(workplace, "verifier", seed + 103);
        Restorer restorer = new(workplace, "restorer", seed + 104);
        Action[] others = [pruner.Prune, .. collectors.Select(one => (Action)one.Collect), verifier.Verify,
            restorer.RunOnce];
        Task[] beside = [.. others.Select(other => Task.Run(() => Repeat(other, _ => true, ending.Token)))];
        await Task.WhenAll(hosts);
        await ending.CancelAsync();
        await Task.WhenAll(beside);

        // A short run goes on until something was killed: how soon that is depends on the speed of the machine.
        bool IsToGoOn(int round) =>
            minutes is not null || round < RoundCount || (round < RoundCountMax && workplace.CountOf("kills") == 0);
    }

    private static void Repeat(Action action, Func<int, bool> isToGoOn, CancellationToken ending)
    {
        for (int round = 0; isToGoOn(round) && !ending.IsCancellationRequested; round++)
        {
            action();
        }
    }

    private static int? NumberOf(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number)
            ? number
            : null;
}
