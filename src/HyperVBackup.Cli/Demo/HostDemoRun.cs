using HyperVBackup.Cli.Output;
using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Hosts;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Repository;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Images;
using HyperVBackup.SimulatedHost.Machines;
using HyperVBackup.Storage;

namespace HyperVBackup.Cli.Demo;

/// <summary>The demonstration on a simulated Hyper-V host, with real images; each step checks what it shows and fails
/// if it does not hold.</summary>
internal sealed class HostDemoRun(string folder, RepositoryEnvironment environment, Action<Step> show)
{
    /// <summary>What the demonstration cannot show, in sentences for a person.</summary>
    public const string Caution =
        "The Hyper-V host is simulated: no Windows and no Hyper-V is asked. Its machines, checkpoints and change "
        + "tracking behave as documentation and reports of faults say; that yours behaves so this does not show.";

    private const int Seed = 2026;
    private const int DiskBytes = 8 << 20;
    private const int PagesWritten = 500;
    private const int PagesChanged = 20;

    private readonly SimulatedHyperV host = new(Path.Combine(folder, "machines"), Seed)
    {
        PlanFor = _ => new JobPlan { Duration = TimeSpan.FromSeconds(2) },
    };

    private readonly List<DemoStep> steps = [];
    private readonly Dictionary<SessionId, IReadOnlyDictionary<Guid, byte[]>> truth = [];
    private BackupRepository repository = null!;
    private BackupEngine engine = null!;

    public async Task<IReadOnlyList<DemoStep>> RunAsync(CancellationToken token)
    {
        using FolderStore store = new(Path.Combine(folder, "repository"));
        repository = await BackupRepository.InitializeAsync(store, environment, token);
        engine = new BackupEngine(repository, environment);
        SimulatedMachine accounts = AddMachine("accounts", "10.0", "system", "data");
        SimulatedMachine old = AddMachine("archive", "5.0", "system");

        await BackupAsync("first full of a machine with two disks", accounts, RestorePointKind.Full, token);
        await BackupAsync("first full of an old one, with a VHD", old, RestorePointKind.Full, token);
        Write(accounts, old);
        await BackupAsync("what its change tracking told", accounts, RestorePointKind.Incremental, token);
        await BackupAsync("the old one has none: compared", old, RestorePointKind.Recovered, token);
        await KillAsync(accounts, token);
        Write(accounts);
        await BackupAsync("the next backup cleans up", accounts, RestorePointKind.Incremental, token);
        accounts.Disks.ToList().ForEach(disk => disk.ResetTracking());
        Write(accounts);
        await BackupAsync("tracking was reset: compared", accounts, RestorePointKind.Recovered, token);
        Write(accounts);
        host.LosePower();
        await BackupAsync("the host had lost power", accounts, RestorePointKind.Incremental, token);
        await RestoreAllAsync(token);
        return steps;
    }

    private SimulatedMachine AddMachine(string name, string version, params ReadOnlySpan<string> disks)
    {
        SimulatedMachine machine = host.AddMachine(name, version);
        machine.IsTracked = version != "5.0";
        machine.IsWriting = false; // else little is left that did not change
        foreach (string disk in disks)
        {
            machine.AddDisk(disk, DiskBytes, isVhd: !machine.IsTracked).WriteRandomly(PagesWritten);
        }

        return machine;
    }

    private static void Write(params ReadOnlySpan<SimulatedMachine> machines)
    {
        foreach (SimulatedMachine machine in machines)
        {
            foreach (SimulatedDisk disk in machine.Disks)
            {
                disk.WriteRandomly(PagesChanged);
            }
        }
    }

    private async Task BackupAsync(
        string step, SimulatedMachine machine, RestorePointKind expected, CancellationToken token)
    {
        SimulatedProcess process = new(host);
        RestorePoint made = (await BackupAsync(step, machine, process, token)).Point;
        process.Kill(); // it ends
        truth.Add(made.Id, host.Asked[^1].Contents);
        Require(made.Kind == expected, $"'{step}' came out as {Words.Of(made.Kind)}");
        Require(machine.Checkpoints.Count == 0, $"'{step}' left a checkpoint");
        int points = machine.ReferencePoints.Count;
        Require(points == (machine.IsTracked ? 1 : 0), $"'{step}' left {points} reference points");
        steps.Add(new DemoStep(step, $"{Words.Of(made.Kind)}, no checkpoint left")
        {
            BytesRead = made.Disks.Sum(disk => disk.Statistics.BytesRead),
            BytesAudited = made.Disks.Sum(disk => disk.Statistics.BytesAudited),
            BytesChanged = made.Disks.Sum(disk => disk.Statistics.BytesChanged),
            BytesStored = made.Disks.Sum(disk => disk.Statistics.BytesStored),
        });
    }

    private Task<BackupReport> BackupAsync(
        string step, SimulatedMachine machine, SimulatedProcess process, CancellationToken token)
    {
        HostedMachine found = HostedMachine.Find(
            new HostOptions { Machine = machine.Id, Owner = HostedBackup.OwnerOf(repository) },
            process.NewEnvironment(HostedBackup.RecordedBy(repository, machine.Id)));
        return engine.BackupAsync(
            HostedBackup.RequestFor(found),
            new Told<BackupProgress>(at => show(new Step(step, at.DoneBytes, at.TotalBytes, at.ReadBytes))),
            token);
    }

    /// <summary>The backup's process dies while it reads: the checkpoint stays, as nobody is there to remove it.
    /// </summary>
    private async Task KillAsync(SimulatedMachine machine, CancellationToken token)
    {
        const string Name = "killed amid a backup";
        SimulatedProcess process = new(host) { KilledAt = ("read disk", true) };
        try
        {
            await BackupAsync(Name, machine, process, token);
        }
        catch (Exception) when (process.IsDead && !token.IsCancellationRequested)
        {
            Require(machine.Checkpoints.Count == 1, "the killed backup left no checkpoint to clean up");
            steps.Add(new DemoStep(Name, "no restore point; its checkpoint is left"));
            return;
        }

        Require(false, "the backup was not killed");
    }

    private async Task RestoreAllAsync(CancellationToken token)
    {
        int disks = 0;
        foreach (RestorePoint point in await repository.ListPointsAsync(token))
        {
            foreach (DiskPoint disk in point.Disks)
            {
                string path = Path.Combine(folder, $"restored-{++disks}.vhdx");
                await engine.RestoreAsync(
                    new RestoreRequest { Point = point.Id, Disk = disk.Name, OutputPath = path },
                    new Told<RestoreProgress>(at =>
                        show(new Step("restore to VHDX", at.DoneBytes, at.TotalBytes, at.WrittenBytes))),
                    token);
                Require(
                    IsEqual(path, truth[point.Id][Guid.Parse(disk.Identity)]),
                    $"disk '{disk.Name}' of {point.Id} is not what its checkpoint held");
            }
        }

        steps.Add(new DemoStep(
            "restore to VHDX, compared", $"{disks} disks of {truth.Count} points: each what its checkpoint held"));
    }

    private static bool IsEqual(string path, byte[] expected)
    {
        using IDisk restored = DiskImage.Open(path);
        byte[] bytes = new byte[expected.Length];
        restored.Read(0, bytes);
        return restored.VirtualSizeBytes == expected.Length && bytes.AsSpan().SequenceEqual(expected);
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"The demonstration failed: {otherwise}.");
        }
    }
}
