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
internal sealed class DemoRun(string folder, RepositoryEnvironment environment)
{
    private const string Vm = "demo";
    private const int Seed = 2026;
    private const int CellsChanged = 500;

    private readonly SampleDisk disk = new(Path.Combine(folder, "sample.raw"), Seed);
    private readonly TextTable table = new("STEP", "READ", "AUDITED", "CHANGED", "STORED", "PROOF");
    private int tick;

    public async Task<TextTable> RunAsync(CancellationToken token)
    {
        disk.Create();
        RepositorySettings settings = new() { Created = environment.Clock.GetUtcNow() };
        FolderStore store = new(Path.Combine(folder, "repository"));
        BackupRepository repository =
            await BackupRepository.InitializeAsync(store, settings, environment, token);
        BackupEngine engine = new(repository, environment, new EngineOptions());

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
        return table;
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

        return RangesFileSource.Load(path, () => DiskImage.Open(disk.Path));
    }

    private async Task<RestorePoint> BackupAsync(
        string step, BackupEngine engine, IChangeSource source, RestorePointKind expected, CancellationToken token)
    {
        BackupRequest request = new() { VmName = Vm, Disks = [new DiskRequest("sample", source)] };
        BackupReport report = await engine.BackupAsync(request, new Told<BackupProgress>(_ => { }), token);
        DiskPoint made = report.Point.Disks[0];
        Require(made.Kind == expected, $"the {step} came out as {Words.Of(made.Kind)}");
        table.Add(
            step, SizeText.Format(made.Statistics.BytesRead), SizeText.Format(made.Statistics.BytesAudited),
            SizeText.Format(made.Statistics.BytesChanged), SizeText.Format(made.Statistics.BytesStored),
            $"root {made.Root.ToString()[..12]}…");
        return report.Point;
    }

    private async Task SynthesizeAsync(BackupEngine engine, RestorePoint newest, CancellationToken token)
    {
        SynthesizeReport report = await engine.SynthesizeAsync(
            new SynthesizeRequest { Vm = Vm }, new Told<RestoreProgress>(_ => { }), token);
        DiskPoint made = report.Point.Disks[0];
        Require(made.Root == newest.Disks[0].Root, "the synthetic full has another root");
        table.Add("synthetic full", "0 B", "0 B", "", "0 B", $"{made.Statistics.ListsFolded} lists folded, root equal");
    }

    private async Task VerifyAsync(BackupRepository repository, CancellationToken token)
    {
        VerificationReport report = await repository
            .NewVerification(new VerificationOptions { ReadDataPercent = 100 })
            .RunAsync(new Told<VerificationProgress>(_ => { }), token);
        Require(report.Damage.Count == 0, "verify found damage");
        table.Add(
            "verify --read-data", SizeText.Format(report.BytesRead), "", "", "",
            $"{report.RecordCount} records decoded and hashed");
    }

    private async Task RestoreAsync(BackupEngine engine, RestorePoint point, CancellationToken token)
    {
        string path = Path.Combine(folder, "restored.vhdx");
        await engine.RestoreAsync(
            new RestoreRequest { Point = point.Id, OutputPath = path }, new Told<RestoreProgress>(_ => { }), token);
        using IDisk original = DiskImage.Open(disk.Path);
        using IDisk restored = DiskImage.Open(path);
        Require(AreEqual(original, restored), "the restored disk differs");
        table.Add("restore to VHDX, compared", "", "", "", "", "every byte equal");
    }

    private static bool AreEqual(IDisk left, IDisk right)
    {
        const int PieceBytes = 4 << 20;
        byte[] leftBytes = new byte[PieceBytes];
        byte[] rightBytes = new byte[PieceBytes];
        for (long offset = 0; offset < left.VirtualSizeBytes; offset += PieceBytes)
        {
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
