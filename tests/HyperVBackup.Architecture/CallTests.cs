using HyperVBackup.Architecture.Compiled;
using Xunit;

namespace HyperVBackup.Architecture;

/// <summary>What compiled product code may call, and where. An exception to a rule is a file with its reason, added
/// with the change that needs it.</summary>
public sealed class CallTests
{
    private const string Index = "src/HyperVBackup.Repository/Index/";
    private const string SystemRandomness = "System.Security.Cryptography.RandomNumberGenerator.";
    private const string Storage = "src/HyperVBackup.Storage/";
    private static readonly Allowed Watchdog =
        new(Index + "Watchdog.cs", "FASTER may hang: its calls run apart, and are given up after a time passed in");

    [Fact]
    public void The_clock_is_passed_in() => Rule.Holds(
        "Time comes from the TimeProvider passed in; only ThisHost, which callers pass in, is the real one.",
        Violations(
            call => call.Target is "System.DateTime.get_Now" or "System.DateTime.get_UtcNow"
                or "System.DateTime.get_Today" or "System.DateTimeOffset.get_Now" or "System.DateTimeOffset.get_UtcNow"
                or "System.Environment.get_TickCount" or "System.Environment.get_TickCount64"
                or "System.TimeProvider.get_System"
                || call.Target.StartsWith("System.Diagnostics.Stopwatch.", StringComparison.Ordinal),
            new Allowed("src/HyperVBackup.Operations/ThisHost.cs", "the host that callers choose to pass in")));

    [Fact]
    public void Randomness_is_passed_in() => Rule.Holds(
        "Randomness is passed in; only ThisHost, which callers pass in, is the real one.",
        Violations(
            call => call.Target is "System.Guid.NewGuid" or "System.Guid.CreateVersion7" or "System.Random.get_Shared"
                or "System.IO.Path.GetRandomFileName" or "System.IO.Path.GetTempFileName"
                || (call.Target == "System.Random.ctor" && call.ParameterCount == 0)
                || call.Target.StartsWith(SystemRandomness, StringComparison.Ordinal)
                || call.Target.StartsWith("HyperVBackup.Storage.SystemRandomness.", StringComparison.Ordinal),
            new Allowed(Storage + "SystemRandomness.cs", "gives what the others here take"),
            new Allowed("src/HyperVBackup.Operations/ThisHost.cs", "the host that callers choose to pass in"),
            new Allowed(
                Storage + "Files/SystemFiles.cs",
                "names of temporary files: different on every host, and never kept"),
            new Allowed(Storage + "DurableFile.cs", "the same for files outside a store"),
            new Allowed(Storage + "NamelessFile.cs", "the same for files outside a store")));

    [Fact]
    public void Nobody_waits_for_time_to_pass() => Rule.Holds(
        "Wait for a condition, never for time; times to wait are passed in.",
        Violations(
            call => call.Target is "System.Threading.Thread.Sleep" or "System.Threading.Tasks.Task.Delay"
                or "System.Threading.Timer.ctor" or "System.Threading.PeriodicTimer.ctor" or "System.Timers.Timer.ctor"
                or "System.Threading.CancellationTokenSource.CancelAfter"
                || (call.Target is "System.Threading.CancellationTokenSource.ctor" && call.ParameterCount > 0)
                || (call.Target is "System.Threading.Tasks.Task.Wait" or "System.Threading.Tasks.Task.WaitAsync"
                        or "System.Threading.Monitor.Wait"
                    && call.Method.Parameters.Any(parameter => parameter.ParameterType.Name is "TimeSpan" or "Int32")),
            new Allowed(
                "src/HyperVBackup.Repository/Maintenance/Collect/WaitSet.cs",
                "a collector looks again and again whether sessions live, by the clock passed in"),
            new Allowed(
                "src/HyperVBackup.Operations/Backup/ReadLimit.cs",
                "reading no faster than asked for, by the clock passed in"),
            Watchdog));

    [Fact]
    public void A_reader_keeps_nobody_from_replacing_a_file() => Rule.Holds(
        "Files that others may replace or delete meanwhile are read by ReplaceableFile: these calls lock them on "
        + "Windows.",
        Violations(
            call => call.Target.StartsWith("System.IO.File.ReadAll", StringComparison.Ordinal)
                || call.Target is "System.IO.File.OpenRead" or "System.IO.File.OpenText",
            new Allowed("src/HyperVBackup.Disks/FileState.cs", "what the system says of its start is no file"),
            new Allowed(
                "src/HyperVBackup.Operations/Hosted/FileJournal.cs",
                "whoever reads or writes the notes of a machine holds another file beside them meanwhile")));

    [Fact]
    public void Work_runs_aside_in_the_pipeline_only() => Rule.Holds(
        "Concurrency is a pipeline's stages; nothing else starts threads or tasks of its own.",
        Violations(
            call => call.Target is "System.Threading.Tasks.Task.Run" or "System.Threading.Tasks.TaskFactory.StartNew"
                or "System.Threading.Thread.ctor" or "System.Threading.ThreadPool.QueueUserWorkItem"
                or "System.Threading.ThreadPool.UnsafeQueueUserWorkItem"
                || call.Target.StartsWith("System.Threading.Tasks.Parallel.", StringComparison.Ordinal),
            new Allowed("src/HyperVBackup.Operations/Pipeline.cs", "joins its stages, stops all if one fails"),
            new Allowed("src/HyperVBackup.Repository/Maintenance/VerificationRun.cs",
                "proves recipes side by side, likewise"),
            new Allowed(Index + "IndexFeed.cs", "reads footers side by side, likewise"),
            new Allowed(Index + "SettledMerge.cs", "sorts regions side by side, likewise"),
            new Allowed("src/HyperVBackup.Repository/Maintenance/PackChecks.cs",
                "reads packs side by side, joined where it starts them; Repository has no pipeline"),
            new Allowed("src/HyperVBackup.Repository/Parity/GroupHealing.cs",
                "proves mended packs side by side, likewise"),
            new Allowed("src/HyperVBackup.Repository/Parity/Protection.cs",
                "checks packs side by side, likewise"),
            new Allowed("src/HyperVBackup.Repository/Maps/MapFold.cs",
                "folds slabs side by side, joined where it starts them"),
            Watchdog));

    [Fact]
    public void Files_are_published_and_flushed_by_storage_only() => Rule.Holds(
        "A rename that checks first is a race, and .NET on Linux swallows flush errors: use Storage's DurableFile.",
        Violations(call => call.Target is "System.IO.File.Move" or "System.IO.File.Replace"
            or "System.IO.FileInfo.MoveTo" or "System.IO.FileInfo.Replace"
            or "System.IO.Directory.Move" or "System.IO.DirectoryInfo.MoveTo"
            or "System.IO.RandomAccess.FlushToDisk"
            || (call.Target == "System.IO.FileStream.Flush" && call.ParameterCount > 0)));

    [Fact]
    public void Blobs_are_deleted_where_listed_only() => Rule.Holds(
        "Only Maintenance's collect, by the protocol of collections, may delete a pack, a map or a point.",
        Violations(
            call => call.Target is "HyperVBackup.Storage.IBlobStore.DeleteAsync" or
                "HyperVBackup.Storage.FolderStore.DeleteAsync" or "HyperVBackup.Storage.Files.IStoreFiles.Delete",
            new Allowed(Storage, "the store itself"),
            new Allowed("src/HyperVBackup.Repository/Notes/DamageNoteFiles.cs",
                "a note of which all is healed, gone, or said by another note"),
            new Allowed("src/HyperVBackup.Repository/Sessions/LeaseFile.cs", "leases, by a name it makes itself"),
            new Allowed("src/HyperVBackup.Repository/Pins/PinFiles.cs", "pins, by a name it makes itself"),
            new Allowed("src/HyperVBackup.Repository/Sessions/SignFiles.cs", "signs of life, likewise"),
            new Allowed("src/HyperVBackup.Repository/Points/PruneMarkFiles.cs", "marks of points that are gone"),
            new Allowed(
                "src/HyperVBackup.Repository/Maintenance/Rotation/VerifiedNotes.cs",
                "notes of what was verified, by a name it makes itself"),
            new Allowed("src/HyperVBackup.Repository/Sessions/CommitName.cs", "a session's own fence, when it ends"),
            new Allowed(
                "src/HyperVBackup.Repository/Maintenance/Collect/Execution.cs",
                "exactly what retired/n says, of the highest n"),
            new Allowed(
                "src/HyperVBackup.Repository/Sessions/PointMirrors.cs",
                "second copies of points that a collection says it deleted")));

    [Fact]
    public void Temporaries_are_deleted_where_living_sessions_are_known_only() => Rule.Holds(
        "Only who knows which sessions live can tell an abandoned file.",
        Violations(
            call => call.Target is "HyperVBackup.Storage.IBlobStore.DeleteTemporariesAsync"
                or "HyperVBackup.Storage.FolderStore.DeleteTemporariesAsync",
            new Allowed("src/HyperVBackup.Repository/Sessions/AbandonedSessions.cs", "asks which live first")));

    [Fact]
    public void Files_are_deleted_where_listed_only() => Rule.Holds(
        "No code deletes files past the store, which could be a repository's.",
        Violations(
            call => call.Target is "System.IO.File.Delete" or "System.IO.Directory.Delete"
                or "System.IO.FileInfo.Delete" or "System.IO.DirectoryInfo.Delete" or "System.IO.FileSystemInfo.Delete",
            new Allowed(Storage + "Files/SystemFiles.cs", "the store's own deletes"),
            new Allowed(Storage + "DurableFile.cs", "its own temporary file"),
            new Allowed(Storage + "NamelessFile.cs", "the name of the file it just made"),
            new Allowed("src/HyperVBackup.Cli/Commands/DemoCommand.cs", "the new folder it made for its own sample"),
            new Allowed(
                "src/HyperVBackup.Qemu/Scratch.cs",
                "scratch files and sockets that it had a hypervisor make, by names it makes itself"),
            new Allowed(
                "src/HyperVBackup.SimulatedHost/Images/SimulatedImage.cs",
                "images of simulated machines, which it made itself"),
            new Allowed(
                "src/HyperVBackup.Hosts/Configurations/HostFiles.cs",
                "files of an import that failed, in the folder that it found empty, by their noted names"),
            new Allowed(
                "src/HyperVBackup.Operations/Backup/Resume/ComparisonLog.cs",
                "what it noted in the host's state folder, of no use any more"),
            new Allowed(
                "src/HyperVBackup.Repository/Maintenance/Collect/Marks/",
                "tables of marks in the host's state folder, a cache"),
            new Allowed("src/HyperVBackup.Repository/Points/PointCache.cs", "what broken-off saves of the cache left"),
            new Allowed(Index + "IndexFiles.cs", "the index's own files in the host's state folder, a cache")));

    /// <summary>An exception that nothing needs any more is a violation too.</summary>
    private static IEnumerable<string> Violations(Func<Call, bool> isForbidden, params Allowed[] allowed)
    {
        Call[] calls = [.. Product.Calls.Where(isForbidden)];
        return calls.Where(call => !allowed.Any(file => file.Covers(call.Path))).Select(call => call.Place)
            .Concat(allowed.Where(file => !calls.Any(call => file.Covers(call.Path)))
                .Select(file => $"{file.Path}:1: needs no exception any more ({file.Reason})"));
    }
}
