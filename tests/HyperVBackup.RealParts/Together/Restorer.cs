using HyperVBackup.Testing.Tools;

namespace HyperVBackup.RealParts.Together;

/// <summary>Restores points at random and notes what they restored to. One thread.</summary>
internal sealed class Restorer(Workplace workplace, string host, int seed)
{
    private const double KillChance = 0.15;
    private readonly Random random = new(seed);

    public void RunOnce()
    {
        List<(string Id, string Vm)> points = workplace.List(host, random);
        if (points.Count > 0)
        {
            (string id, string vm) = points[random.Next(points.Count)];
            Restore(id, vm, KillChance);
        }
    }

    /// <summary>Restores every point that is shown.</summary>
    public void RestoreAll() =>
        workplace.List(host, random).ForEach(point => Restore(point.Id, point.Vm, killChance: 0));

    private void Restore(string id, string vm, double killChance)
    {
        string output = workplace.Folder.File(host + ".restored");
        ToolResult result = workplace.Run(
            host, random, killChance, "restore", id, "--output", output, "--format", "raw", "--force");
        if (result.ExitCode == 0)
        {
            workplace.Book.AddRestored(id, vm, ImageBook.SumOf(output));
        }
        else if (result.ExitCode != Workplace.Killed && !IsGone(id))
        {
            workplace.Violations.Enqueue($"{host}: restore of {id} of {vm} said {result.Errors}");
        }
    }

    /// <summary>A point may be pruned between being listed and being restored.</summary>
    private bool IsGone(string id)
    {
        bool isGone = workplace.List(host, random).TrueForAll(point => point.Id != id);
        workplace.Count("restores of points just pruned", isGone ? 1 : 0);
        return isGone;
    }
}
