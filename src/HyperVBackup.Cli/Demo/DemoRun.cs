using System.Text.Json;
using HyperVBackup.Cli.Output;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Operations.Synthesize;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Storage;

namespace HyperVBackup.Cli.Demo;

/// <summary>The steps of the demonstration; each one checks what it shows and fails if it does not hold.</summary>
internal sealed class DemoRun(string folder, RepositoryEnvironment environment, Action<Step> show)
{
    private const string Vm = "demo";
    private const int Seed = 2026;
    private const int CellsChanged = 500;
    private const int RootLength = 12;

    private readonly SampleDisk disk = new(Path.Combine(folder, "sample.raw"), Seed);
    private readonly List<DemoStep> steps = [];
    private int tick;

    public async Task<IReadOnlyList<DemoStep>> RunAsync(CancellationToken token)
    {
        disk.Create(written => show(new Step("sample disk", written, SampleDisk.SizeBytes, written)), token);
        using FolderStore store = new(Path.Combine(folder, "repository"));
        BackupRepository repository = await BackupRepository.InitializeAsync(store, environment, token);
        BackupEngine engine = new(repository, environment);

        await BackupAsync("first full", engine, Tracked([], since: null), RestorePointKind.Full, token);
        await BackupAsync(
            "tracked incremental", engine, Tracked(disk.Change(CellsChanged), since: $"t{tick}"),
            RestorePointKind.Incremental, token);
        disk.Change(CellsChanged);
        RestorePoint recovered = await BackupAsync(
            "tracking lost, recovered by checksum", engine, Tracked([], since: "of-another-disk"),
            RestorePointKind.Recovered, token);
        await SynthesizeAsync(engine, recovered, token);
        await VerifyAsync(repository, token);
        await RestoreAsync(engine, recovered, token);
        return steps;
    }

    private RangesFileSource Tracked(List<ByteRange> ranges, string? since)
    {
        string path = Path.Combine(folder, $"changes-{++tick}.json");
        using (FileStream file = File.Create(path))
        using (Utf8JsonWriter json = new(file))
        {
            json.WriteStartObject();
            json.WriteString("since", since);
            json.WriteString("id", $"t{tick}");
            json.WriteArray("ranges", ranges, (item, range) =>
            {
                item.WriteNumber("offset", range.StartBytes);
                item.WriteNumber("length", range.LengthBytes);
            });
            json.WriteEndObject();
        }

        return RangesFileSource.Load(path, disk.Path);
    }

    private async Task<RestorePoint> BackupAsync(
        string step, BackupEngine engine, IChangeSource source, RestorePointKind expected, CancellationToken token)
    {
        BackupRequest request = new() { VmName = Vm, Disks = [new DiskRequest("sample", source)] };
        BackupReport report = await engine.BackupAsync(
            request,
            new Told<BackupProgress>(at => show(new Step(step, at.DoneBytes, at.TotalBytes, at.ReadBytes))),
            token);
        DiskPoint made = report.Point.Disks[0];
        Require(made.Kind == expected, $"the {step} came out as {Words.Of(made.Kind)}");
        steps.Add(DemoStep.Of(step, made, $"root {made.Root.ToString()[..RootLength]}…"));
        return report.Point;
    }

    private async Task SynthesizeAsync(BackupEngine engine, RestorePoint newest, CancellationToken token)
    {
        SynthesizeReport report = await engine.SynthesizeAsync(new SynthesizeRequest { Vm = Vm }, null, token);
        DiskPoint made = report.Point.Disks[0];
        Require(made.Root == newest.Disks[0].Root, "the synthetic full has another root");
        steps.Add(DemoStep.Of(
            "synthetic full", made, $"{made.Statistics.ListsFolded} change lists folded: root equal"));
    }

    private async Task VerifyAsync(BackupRepository repository, CancellationToken token)
    {
        VerificationReport report = await repository
            .NewVerification(new VerificationOptions { ReadDataPercent = 100 })
            .RunAsync(
                new Told<VerificationProgress>(at =>
                    show(new Step("verify --read-data", at.DoneCount, at.TotalCount, at.ReadBytes))),
                token);
        Require(report.Damage.Count == 0, "verify found damage");
        steps.Add(new DemoStep("verify --read-data", $"{report.RecordCount} records decoded and hashed: no damage")
        {
            BytesRead = report.BytesRead,
        });
    }

    private async Task RestoreAsync(BackupEngine engine, RestorePoint point, CancellationToken token)
    {
        string path = Path.Combine(folder, "restored.vhdx");
        await engine.RestoreAsync(
            new RestoreRequest { Point = point.Id, OutputPath = path },
            new Told<RestoreProgress>(at =>
                show(new Step("restore to VHDX", at.DoneBytes, at.TotalBytes, at.WrittenBytes))),
            token);
        using IDisk original = DiskImage.Open(disk.Path);
        using IDisk restored = DiskImage.Open(path);
        Require(AreEqual(original, restored, token), "the restored disk differs");
        steps.Add(new DemoStep("restore to VHDX, compared", "every byte equal"));
    }

    private static bool AreEqual(IDisk left, IDisk right, CancellationToken token)
    {
        const int PieceBytes = 4 << 20;
        byte[] leftBytes = new byte[PieceBytes];
        byte[] rightBytes = new byte[PieceBytes];
        for (long offset = 0; offset < left.VirtualSizeBytes; offset += PieceBytes)
        {
            token.ThrowIfCancellationRequested();
            left.Read(offset, leftBytes);
            right.Read(offset, rightBytes);
            if (!leftBytes.AsSpan().SequenceEqual(rightBytes))
            {
                return false;
            }
        }

        return left.VirtualSizeBytes == right.VirtualSizeBytes;
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"The demonstration failed: {otherwise}.");
        }
    }
}
