using System.Text.Json;
using System.Text.Json.Nodes;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Qemu.Nbd;
using HyperVBackup.Qemu.Qmp;

namespace HyperVBackup.Qemu;

/// <summary>
/// One moment of all disks to back up: in one transaction each disk gets a new bitmap that records, a job that saves
/// what the guest is about to overwrite, and its old bitmap is frozen, in this order: whatever is written in between
/// stands in one bitmap too many rather than in none. Not thread-safe.
/// </summary>
internal sealed class Snapshot : IDisposable
{
    private readonly QemuOptions options;
    private readonly QemuEnvironment environment;
    private readonly string run;
    private readonly PeerAddress server;
    private readonly List<SnapshotDisk> disks = [];
    private QmpClient client;
    private bool hasServer;

    private Snapshot(QemuOptions options, QemuEnvironment environment)
    {
        (this.options, this.environment) = (options, environment);
        run = Random(4);
        server = options.Server ?? OwnServer();
        client = QmpClient.Open(options.Monitor, environment.Clock, environment.Patience);
    }

    /// <summary>Whether the guest's file systems stood still.</summary>
    public bool IsConsistent { get; private set; }

    public IReadOnlyList<SnapshotDisk> Disks => disks;

    /// <exception cref="DiskImageException">It cannot be taken; nothing of it is left.</exception>
    public static Snapshot Take(QemuOptions options, QemuEnvironment environment)
    {
        Snapshot snapshot = new(options, environment);
        try
        {
            snapshot.Take();
            return snapshot;
        }
        catch
        {
            snapshot.Undo();
            snapshot.Dispose();
            throw;
        }
    }

    /// <summary>Opens one disk of it, with what changed.</summary>
    /// <exception cref="DiskImageException">It cannot be read.</exception>
    public QemuView Open(int position, QemuMachine machine)
    {
        SnapshotDisk disk = disks[position];
        NbdExport export = new(context => Connect(disk, context));
        try
        {
            export.Open();
            if (export.SizeBytes != disk.Node.SizeBytes)
            {
                throw new DiskImageException(
                    $"The NBD server tells {export.SizeBytes} bytes of '{disk.Node.Name}', a disk of "
                    + $"{disk.Node.SizeBytes}.");
            }

            QemuDisk read = new($"{disk.Node.Name} at {options.Monitor}", export, trustsZeros: options.Server is null);
            return new QemuView(machine, position, read, ChangesOf(disk, export), disk);
        }
        catch
        {
            export.Dispose();
            throw;
        }
    }

    /// <summary>Makes sure that what was read was the moment's: the job that saves what the guest overwrites still
    /// runs.</summary>
    /// <exception cref="DiskImageException">It does not.</exception>
    public void RequireIntact(int position)
    {
        string id = NameOf(OwnName.Job, position);
        JsonElement job = client.Execute("query-jobs").Items("query-jobs").FirstOrDefault(
            item => item.Text("id") == id);
        if (job.Text("status") is not ("running" or "paused") || job.Text("error") is not null)
        {
            throw new DiskImageException(
                $"The view of '{disks[position].Node.Name}' ended while it was read: {job.Text("error") ?? "no job"}.");
        }
    }

    /// <summary>Takes one disk's view down. Its new bitmap stays where its point was published, the old one goes;
    /// otherwise the other way round, with what the new one recorded. Where there is no old one and it is noted what
    /// was read, the new one stays.</summary>
    /// <exception cref="DiskImageException">The hypervisor cannot, or is gone.</exception>
    public void End(int position, ViewEnd end)
    {
        Reopen();
        Remains.TakeDown(client, name => name.Run == run && name.Disk == position, stopServer: hasServer);
        SnapshotDisk disk = disks[position];
        if (end == ViewEnd.Published && disk.Old is not null)
        {
            client.Execute("block-dirty-bitmap-remove", Tracking.Of(disk.Node.Name, disk.Old.Name));
        }
        else if (end == ViewEnd.Abandoned && disk.Old is null)
        {
            client.Try("block-dirty-bitmap-remove", Tracking.Of(disk.Node.Name, disk.NewBitmap));
        }
        else if (end != ViewEnd.Published && disk.Old is not null)
        {
            Tracking.Settle(client, MachineNode.Find(MachineNode.ReadAll(client), disk.Node.Name));
        }
    }

    /// <summary>Takes down what all disks share, once each has ended.</summary>
    /// <exception cref="DiskImageException">The hypervisor cannot, or is gone.</exception>
    public void EndAll()
    {
        Reopen();
        Remains.TakeDown(client, name => name.Run == run, stopServer: hasServer);
        if (hasServer)
        {
            Scratch.Forget(server.Path);
        }
    }

    public void Dispose() => client.Dispose();

    private void Take()
    {
        Remains.RequireDead(client, environment);
        Remains.TakeDown(client, _ => true, stopServer: true);
        Scratch.Sweep(options.ScratchFolder, environment);
        List<MachineNode> nodes = MachineNode.ReadAll(client);
        List<MachineNode> wanted = [.. options.Nodes.Select(name => MachineNode.Find(nodes, name))];
        BackingNodes.RequireNone(client, wanted);
        foreach (MachineNode node in wanted)
        {
            Tracking tracking = Tracking.Settle(client, node);
            disks.Add(new SnapshotDisk(
                node, tracking.Bitmap, tracking.LostReason, MachineBitmap.NamePrefix + Random(16)));
        }

        for (int position = 0; position < disks.Count; position++)
        {
            int disk = position;
            Scratch.Create(client, kind => NameOf(kind, disk), options.ScratchFolder, disks[position].Node);
        }

        IsConsistent = FrozenGuest.Run(
            options, environment,
            () => client.Execute("transaction", new JsonObject { ["actions"] = new JsonArray([.. Actions()]) }));
        BackingNodes.RequireNone(client, wanted); // once more: what was put above one meanwhile has what is written
        Serve();
    }

    private IEnumerable<JsonObject> Actions()
    {
        foreach (SnapshotDisk disk in disks)
        {
            JsonObject bitmap = Tracking.Of(disk.Node.Name, disk.NewBitmap);
            bitmap["granularity"] = Tracking.GranularityBytes;
            bitmap["persistent"] = false;
            yield return Tracking.Action("block-dirty-bitmap-add", bitmap);
        }

        for (int position = 0; position < disks.Count; position++)
        {
            yield return Tracking.Action("blockdev-backup", new JsonObject
            {
                ["job-id"] = NameOf(OwnName.Job, position),
                ["device"] = disks[position].Node.Name,
                ["target"] = NameOf(OwnName.Scratch, position),
                ["sync"] = "none",
                ["filter-node-name"] = NameOf(OwnName.Filter, position),
            });
        }

        foreach (SnapshotDisk disk in disks.Where(disk => disk.Old is not null))
        {
            yield return Tracking.Action(
                "block-dirty-bitmap-disable", Tracking.Of(disk.Node.Name, disk.Old!.Name));
        }
    }

    private void Serve()
    {
        if (options.Server is null)
        {
            hasServer = true; // also where the answer is lost
            QmpAnswer started = client.Try("nbd-server-start", new JsonObject { ["addr"] = server.ToQmp() });
            if (started.Error is string error)
            {
                hasServer = false;
                throw new DiskImageException(
                    $"The hypervisor starts no NBD server at '{server}': {error}. Name one that runs with --nbd.");
            }
        }

        for (int position = 0; position < disks.Count; position++)
        {
            SnapshotDisk disk = disks[position];
            client.Execute("block-export-add", new JsonObject
            {
                ["type"] = "nbd",
                ["id"] = NameOf(OwnName.Export, position),
                ["name"] = NameOf(OwnName.Export, position),
                ["node-name"] = NameOf(OwnName.Scratch, position),
                ["bitmaps"] = disk.Old is null ? [] : new JsonArray(disk.Old.Name),
            });
        }
    }

    private PeerAddress OwnServer()
    {
        if (!options.Monitor.IsUnix)
        {
            throw new DiskImageException(
                $"The NBD server of the hypervisor at '{options.Monitor}' must be named, with --nbd.");
        }

        try
        {
            return PeerAddress.Parse(Path.Join(options.ScratchFolder, NameOf(OwnName.Export, 0)));
        }
        catch (FormatException failure)
        {
            throw new DiskImageException($"{failure.Message} Name a shorter folder with --scratch.", failure);
        }
    }

    private NbdConnection Connect(SnapshotDisk disk, string? context)
    {
        Peer peer = new(server.Connect(), $"The NBD server at '{server}'", environment.Clock, environment.Patience);
        try
        {
            return new NbdConnection(peer, NameOf(OwnName.Export, disks.IndexOf(disk)), context);
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }

    private static DiskChanges ChangesOf(SnapshotDisk disk, NbdExport export)
    {
        if (disk.Old is null)
        {
            return new DiskChanges.Lost(disk.LostReason);
        }

        try
        {
            ChangedRangesBuilder ranges = new();
            foreach (ByteRange range in export.Flagged($"qemu:dirty-bitmap:{disk.Old.Name}", NbdWords.StateDirty))
            {
                ranges.Add(range.StartBytes, range.LengthBytes);
            }

            return new DiskChanges.Known(ranges.Build());
        }
        catch (DiskImageException failure)
        {
            return new DiskChanges.Lost(
                $"the dirty bitmap '{disk.Old.Name}' cannot be read: {failure.Message.TrimEnd('.')}");
        }
    }

    /// <summary>After a failure: what failed is told by who calls, this is only said.</summary>
    private void Undo()
    {
        for (int position = 0; position < disks.Count; position++)
        {
            int disk = position;
            Say(() => End(disk, ViewEnd.Abandoned));
        }

        Say(EndAll);
    }

    private void Say(Action step)
    {
        try
        {
            step();
        }
        catch (DiskImageException failure)
        {
            environment.Warn($"The next backup takes down what is left in the hypervisor: {failure.Message}");
        }
    }

    /// <summary>A connection that failed in the middle is of no use, but the hypervisor may live.</summary>
    private void Reopen()
    {
        if (client.IsBroken)
        {
            client.Dispose();
            client = QmpClient.Open(options.Monitor, environment.Clock, environment.Patience);
        }
    }

    private string NameOf(char kind, int disk) =>
        new OwnName(environment.ProcessId, run, options.Server is null, kind, disk).ToString();

    private string Random(int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        environment.Randomness(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
