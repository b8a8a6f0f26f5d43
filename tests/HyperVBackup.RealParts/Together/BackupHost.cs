using System.Globalization;
using System.Text.Json;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.RealParts.Together;

/// <summary>A host with one VM, whose disk changes a little before each backup; some of what is written, other VMs
/// write too. Half of its backups are told the changed ranges, the others compare. One thread.</summary>
internal sealed class BackupHost
{
    private const int DiskBytes = 6 << 20;
    private const int PageBytes = 4096;
    private const int SharedContentCount = 40;
    private const double KillChance = 0.3;
    private readonly Workplace workplace;
    private readonly Random random;
    private readonly string host;
    private readonly string image;
    private readonly List<(long OffsetBytes, long LengthBytes)> changed = [];
    private string? since;
    private int run;

    public BackupHost(Workplace workplace, int number, int seed)
    {
        (this.workplace, random) = (workplace, new Random(seed));
        host = string.Create(CultureInfo.InvariantCulture, $"host{number}");
        image = workplace.Folder.File(host + ".img");
        NoiseDisk.Create(image, DiskBytes, seed: number / 2); // two hosts begin with the same disk
    }

    /// <summary>Changes the disk and backs it up.</summary>
    public void RunOnce()
    {
        Change();
        string sum = ImageBook.SumOf(image);
        string id = string.Create(CultureInfo.InvariantCulture, $"{host}-{++run}");
        List<string> arguments = ["backup", "--vm", host, "--disk", "disk=" + image, .. Changes(id), "--json"];
        ToolResult result = workplace.Run(host, random, KillChance, arguments);
        if (result.ExitCode == 0)
        {
            using JsonDocument said = JsonDocument.Parse(result.Output);
            workplace.Book.AddPublished(said.RootElement.GetProperty("restorePoint").GetString()!, sum);
        }
        else
        {
            workplace.Book.AddMaybe(host, sum);
            NoteFailure(result);
        }
    }

    private void NoteFailure(ToolResult result)
    {
        if (result.ExitCode == Workplace.Killed)
        {
            return;
        }

        // Given up twice in a row by a collector that waits for a second only: nothing was published, nothing lost.
        if (result.Errors.Contains("run again", StringComparison.Ordinal))
        {
            workplace.Count("backups given up twice");
            return;
        }

        workplace.Violations.Enqueue($"{host}: backup said {result.Errors}");
    }

    private void Change()
    {
        for (int write = random.Next(1, 12); write > 0; write--)
        {
            long offsetBytes = random.Next(DiskBytes / PageBytes) * (long)PageBytes;
            int lengthBytes = (int)Math.Min(random.Next(1, 40) * PageBytes, DiskBytes - offsetBytes);
            NoiseDisk.Write(image, offsetBytes, lengthBytes, seed: 1000 + random.Next(SharedContentCount));
            changed.Add((offsetBytes, lengthBytes));
        }
    }

    /// <summary>The ranges since the last run that gave an id. The change source keeps them until a run with its new
    /// id is over, whatever became of it: a killed one may have published its point.</summary>
    private string[] Changes(string id)
    {
        if (random.Next(2) == 0)
        {
            since = null; // what it knows is given up: this backup, and the next one, compare
            changed.Clear();
            return [];
        }

        string path = workplace.Folder.File(host + ".ranges");
        RangesText.Write(path, since, id, changed);
        since = id;
        changed.Clear();
        return ["--changes", path];
    }
}
