using System.Text.Json.Nodes;
using HyperVBackup.Disks;
using HyperVBackup.Qemu.Qmp;

namespace HyperVBackup.Qemu;

/// <summary>Takes down what backups made in a hypervisor, found by its names: the only way to do it, whether a backup
/// ended well, failed anywhere, or crashed long ago. Dirty bitmaps are <see cref="Tracking"/>'s.</summary>
internal static class Remains
{
    /// <summary>Refuses to go on beside a backup that is still running.</summary>
    /// <exception cref="DiskImageException">Something was made by a process of this host that lives.</exception>
    public static void RequireDead(QmpClient client, QemuEnvironment environment)
    {
        OwnName? living = All(client).Find(name =>
            name.ProcessId != environment.ProcessId && environment.IsProcessAlive(name.ProcessId));
        if (living is not null)
        {
            throw new DiskImageException(
                $"Process {living.ProcessId} is backing this machine up ('{living}' is there); wait until it ends.");
        }
    }

    /// <summary>Takes down all whose name is meant. Block nodes go last: as long as one is there, its name says that an
    /// NBD server was started for it.</summary>
    /// <param name="stopServer">Stops the NBD server too, if a name says so and nobody else is served.</param>
    /// <exception cref="DiskImageException">Something cannot be taken down, or the connection fails.</exception>
    public static void TakeDown(QmpClient client, Func<OwnName, bool> isMeant, bool stopServer)
    {
        bool ownsServer = stopServer && All(client).Exists(name => isMeant(name) && name.StartsServer);
        foreach (string id in Named(client, "query-block-exports", "id", isMeant))
        {
            EndExport(client, id);
        }

        if (ownsServer)
        {
            StopServer(client);
        }

        foreach (string id in Named(client, "query-jobs", "id", isMeant))
        {
            EndJob(client, id);
        }

        // A node goes before the file below it: later ones are told first.
        foreach (string name in Named(client, "query-named-block-nodes", "node-name", isMeant)
            .OrderBy(name => OwnName.Parse(name)!.Kind == OwnName.ScratchFile))
        {
            client.Execute("blockdev-del", new JsonObject { ["node-name"] = name });
        }
    }

    /// <summary>Everything of ours, whoever made it.</summary>
    public static List<OwnName> All(QmpClient client) =>
        [.. Named(client, "query-block-exports", "id", _ => true)
            .Concat(Named(client, "query-jobs", "id", _ => true))
            .Concat(Named(client, "query-named-block-nodes", "node-name", _ => true))
            .Select(name => OwnName.Parse(name)!)];

    /// <summary>Ends a job, whatever it does, and waits until it is gone. It may end by itself between any two
    /// commands, also as another connection, now cut, had asked.</summary>
    private static void EndJob(QmpClient client, string id)
    {
        if (client.Try("job-dismiss", Id(id)).Error is null)
        {
            return; // it was over
        }

        bool isEnding = client.Try("job-cancel", Id(id)).Error is null || IsEnding(client, id);
        if (isEnding)
        {
            client.WaitFor(
                "JOB_STATUS_CHANGE", data => data.Text("id") == id && data.Text("status") is "null" or "concluded");
        }

        client.Try("job-dismiss", Id(id)); // one that goes by itself is gone
    }

    /// <summary>Of a job that cannot be cancelled any more: whether an event will tell that it is over.</summary>
    private static bool IsEnding(QmpClient client, string id) =>
        client.Execute("query-jobs").Items("query-jobs")
            .Any(job => job.Text("id") == id && job.Text("status") is not ("null" or "concluded"));

    /// <summary>Ends an export and waits until it is gone, also where it was asked to end before.</summary>
    private static void EndExport(QmpClient client, string id)
    {
        JsonObject export = Id(id);
        export["mode"] = "hard";
        if (client.Try("block-export-del", export).Error is null
            || client.Execute("query-block-exports").Items("query-block-exports").Any(item => item.Text("id") == id))
        {
            client.WaitFor("BLOCK_EXPORT_DELETED", data => data.Text("id") == id);
        }
    }

    private static JsonObject Id(string id) => new() { ["id"] = id };

    /// <summary>Stops the NBD server, if it runs and serves nothing any more.</summary>
    private static void StopServer(QmpClient client)
    {
        if (!client.Execute("query-block-exports").Items("query-block-exports")
            .Any(item => item.Text("type") == "nbd"))
        {
            client.Try("nbd-server-stop"); // it may not have been started yet
        }
    }

    private static List<string> Named(QmpClient client, string query, string field, Func<OwnName, bool> isMeant) =>
        [.. client.Execute(query, query == "query-named-block-nodes" ? new JsonObject { ["flat"] = true } : null)
            .Items(query)
            .Select(item => item.Text(field))
            .OfType<string>()
            .Where(name => OwnName.Parse(name) is OwnName own && own.Kind != OwnName.Filter && isMeant(own))];
}
