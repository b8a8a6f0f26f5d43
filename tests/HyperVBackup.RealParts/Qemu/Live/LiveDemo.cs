using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.RealParts.Qemu.Live;

/// <summary>Backs a guest up every few seconds with the command line while it writes to its database, and cuts its
/// power meanwhile; then holds every point against what the guest said it had flushed.</summary>
internal sealed class LiveDemo(
    TestFolder folder, TimeSpan length, TimeSpan pause, int killCount, Action<string> say) : IDisposable
{
    private const string Vm = "guest";
    private const int PerLifeMin = 2;
    private const int FlushesUntilItReads = 3;

    private readonly Hvbackup hvbackup = new(folder.File("repository"), folder.File("state"));
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly List<LivePoint> points = [];
    private Guest? running;
    private int lastFlushed;
    private int sinceBootCount;

    private Guest Guest => running!;

    /// <summary>What broke a promise; empty if nothing did.</summary>
    public List<string> Violations { get; } = [];

    public int PowerLossCount { get; private set; }

    public IReadOnlyList<LivePoint> Points => points;

    public void Run()
    {
        string image = NewImage();
        hvbackup.Try("init");
        say("  at s  kind         flushed before  found  flushed after  read MiB  stored MiB  took s");
        Boot(image);
        while (clock.Elapsed < length || PowerLossCount < killCount || sinceBootCount < PerLifeMin)
        {
            WaitForMore();
            if (IsPowerLossDue())
            {
                LosePower();
                Boot(image);
            }
            else
            {
                Add(BackUp());
                sinceBootCount++;
            }
        }

        Guest.Kill();
        CheckAll();
    }

    public void Dispose() => running?.Dispose();

    private bool IsPowerLossDue() => PowerLossCount < killCount && sinceBootCount >= PerLifeMin
        && clock.Elapsed >= (PowerLossCount + 1) * length / (killCount + 1);

    /// <summary>Every second power loss comes amid a backup.</summary>
    private void LosePower()
    {
        bool isAmid = ++PowerLossCount % 2 == 0;
        Task<LivePoint>? backup = isAmid ? Task.Run(BackUp) : null;
        int before = Flushed();
        if (backup is not null)
        {
            Guest.WaitFor(_ => backup.IsCompleted || IsAtWork());
            before = Flushed() + FlushesUntilItReads;
        }

        Guest.WaitFor(number => number > before || backup is { IsCompleted: true });
        Guest.Kill();
        lastFlushed = Math.Max(lastFlushed, Guest.LastFlushed());
        say(string.Create(CultureInfo.InvariantCulture,
            $"{clock.Elapsed.TotalSeconds,6:F1}  kill -9 of the hypervisor{(isAmid ? " amid a backup" : "")}; "
            + $"the guest had flushed {lastFlushed}"));
        if (backup?.GetAwaiter().GetResult() is LivePoint amid)
        {
            Add(amid);
        }

        Guest.Dispose();
    }

    /// <summary>A backup has opened its session, and opens its view next.</summary>
    private bool IsAtWork() => Directory.EnumerateFiles(Path.Join(hvbackup.RepositoryPath, "leases")).Any();

    private void Boot(string image)
    {
        running = new Guest(folder, image, "database");
        sinceBootCount = 0;
        Guest.WaitFor(number => number > lastFlushed);
    }

    private void WaitForMore()
    {
        TimeSpan due = clock.Elapsed + pause;
        int before = Flushed();
        Guest.WaitFor(number => number > before && clock.Elapsed >= due);
    }

    private LivePoint BackUp()
    {
        TimeSpan began = clock.Elapsed;
        int before = Flushed();
        ToolResult result = hvbackup.Try(
            "backup", "--vm", Vm, "--qemu", Guest.MonitorPath, "--disk", "disk=d0",
            "--scratch", folder.Folder("scratch"), "--json");
        LivePoint point = new(began.TotalSeconds, before, Flushed())
        {
            TookSeconds = (clock.Elapsed - began).TotalSeconds,
        };
        if (result.ExitCode != 0)
        {
            return point with { Reason = result.Errors.Trim() };
        }

        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement disk = document.RootElement.GetProperty("disks")[0];
        return point with
        {
            Id = document.RootElement.GetProperty("restorePoint").GetString(),
            Kind = disk.GetProperty("kind").GetString()!,
            BytesRead = disk.GetProperty("bytesRead").GetInt64() + disk.GetProperty("bytesAudited").GetInt64(),
            BytesStored = disk.GetProperty("bytesStored").GetInt64(),
            Reason = disk.TryGetProperty("lostReason", out JsonElement reason) ? reason.GetString()! : "",
        };
    }

    private void Add(LivePoint point)
    {
        points.Add(point);
        say(Row(point));
        if (point.Id is null && points.Count(other => other.Id is null) > PowerLossCount)
        {
            Violations.Add("A backup failed without a power loss.");
        }
    }

    private void CheckAll()
    {
        say("");
        say("Every point is restored, its file system's journal replayed, and its database read:");
        for (int number = 0; number < points.Count; number++)
        {
            if (points[number].Id is not null)
            {
                points[number] = Check(points[number]);
                say(Row(points[number]));
            }
        }

        RequireThatTornPagesAreSeen();
        CheckByBooting(points.Last(point => point.Id is not null));
        if (hvbackup.Try("verify", "--read-data").ExitCode != 0)
        {
            Violations.Add("Verification of all that is stored fails.");
        }

        int recoveredCount = points.Count(point => point.Kind == "recovered");
        if (recoveredCount < PowerLossCount)
        {
            Violations.Add("A power loss went unnoticed.");
        }

        int madeCount = points.Count(point => point.Id is not null);
        say("");
        say(string.Create(CultureInfo.InvariantCulture,
            $"{(Violations.Count == 0 ? "GOOD" : "BAD")}: points {madeCount}, power losses {PowerLossCount}, "
            + $"recoveries by checksum {recoveredCount}, backups cut off {points.Count - madeCount}; points that hold "
            + $"all that was flushed before them, and nothing torn: {points.Count(point => point.Fault == "")}."));
        Violations.ForEach(say);
    }

    private LivePoint Check(LivePoint point)
    {
        string restored = folder.File("restored.raw");
        ToolResult result = hvbackup.Try("restore", point.Id!, "--output", restored, "--format", "raw", "--force");
        (int found, string fault) = result.ExitCode == 0
            ? GuestDatabase.Read(restored, folder.Folder("dumped"))
            : (0, result.Errors.Trim());
        if (fault.Length == 0 && !(found >= point.FlushedBefore && found <= point.FlushedAfter + 1))
        {
            fault = "not what the guest had flushed";
        }

        if (fault.Length > 0)
        {
            Violations.Add($"{point.Id}: {fault}");
        }

        return point with { Found = found, Fault = fault };
    }

    /// <summary>In the image that was looked at last.</summary>
    private void RequireThatTornPagesAreSeen()
    {
        GuestDatabase.Tear(folder.File("restored.raw"), folder.Folder("dumped"));
        (_, string fault) = GuestDatabase.Read(folder.File("restored.raw"), folder.Folder("dumped"));
        say($"One byte of the last image is turned over, to see that it is noticed: {fault}.");
        if (fault.Length == 0)
        {
            Violations.Add("A torn page is not noticed.");
        }
    }

    /// <summary>The guest itself is the judge.</summary>
    private void CheckByBooting(LivePoint point)
    {
        string restored = folder.File("restored.vhdx");
        hvbackup.Json("restore", point.Id!, "--output", restored, "--force");
        using Guest booted = new(folder, restored, "check");
        int found = booted.WaitForCheck();
        say($"The guest boots from the last of them, restored as VHDX, and finds {found} and no bad page.");
        if (found != point.Found)
        {
            Violations.Add($"The guest finds {found} where {point.Found} was read.");
        }
    }

    private int Flushed() => Math.Max(lastFlushed, Guest.LastFlushed());

    private static string Row(LivePoint point) => string.Create(CultureInfo.InvariantCulture,
        $"{point.AtSeconds,6:F1}  {point.Kind,-11}  {point.FlushedBefore,14}  {FoundOf(point),5}  "
        + $"{point.FlushedAfter,13}  {point.BytesRead / 1048576.0,8:F1}  {point.BytesStored / 1048576.0,10:F1}  "
        + $"{point.TookSeconds,6:F1}  {Verdict(point)}");

    private static string FoundOf(LivePoint point) =>
        point.Fault is null ? "" : point.Found.ToString(CultureInfo.InvariantCulture);

    private static string Verdict(LivePoint point) => point.Fault switch
    {
        null => point.Reason.ReplaceLineEndings(" "),
        "" => "good",
        string fault => fault,
    };

    private string NewImage()
    {
        string raw = folder.File("raw");
        string image = folder.File("disk.vhdx");
        Tool.Run("mke2fs", "-q", "-t", "ext4", raw, "256M");
        Tool.Run("qemu-img", "convert", "-O", "vhdx", "-o", "subformat=dynamic,block_size=1M", raw, image);
        return image;
    }
}
