using System.Text.Json;
using System.Text.Json.Nodes;
using HyperVBackup.Disks;
using HyperVBackup.Qemu.Qmp;

namespace HyperVBackup.Qemu;

/// <summary>Where the hypervisor keeps what the guest overwrites during a backup: a qcow2 image over the disk, in a
/// file without a name, so that nothing is left of it however either process ends.</summary>
internal static class Scratch
{
    private const string Extension = ".scratch";

    /// <exception cref="DiskImageException">The hypervisor cannot make it.</exception>
    public static void Create(QmpClient client, Func<char, string> nameOf, string folder, MachineNode disk)
    {
        string path = Path.Join(folder, nameOf(OwnName.ScratchFile) + Extension);
        try
        {
            RunJob(client, nameOf(OwnName.Creation), new JsonObject
            {
                ["driver"] = "file",
                ["filename"] = path,
                ["size"] = 0,
            });
            client.Execute("blockdev-add", new JsonObject
            {
                ["driver"] = "file",
                ["node-name"] = nameOf(OwnName.ScratchFile),
                ["filename"] = path,
            });
        }
        finally
        {
            Forget(path);
        }

        RunJob(client, nameOf(OwnName.Creation), new JsonObject
        {
            ["driver"] = "qcow2",
            ["file"] = nameOf(OwnName.ScratchFile),
            ["size"] = disk.SizeBytes,
        });
        client.Execute("blockdev-add", new JsonObject
        {
            ["driver"] = "qcow2",
            ["node-name"] = nameOf(OwnName.Scratch),
            ["file"] = nameOf(OwnName.ScratchFile),
            ["backing"] = disk.Name,
        });
    }

    /// <summary>Takes a file's name away; who has it open keeps it.</summary>
    public static void Forget(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DiskImageException(
                $"The hypervisor's scratch file '{path}' cannot be deleted: {failure.Message}", failure);
        }
    }

    /// <summary>Takes away the names that processes which are gone had no time to.</summary>
    /// <exception cref="DiskImageException">There is no such folder, or it may not be read.</exception>
    public static void Sweep(string folder, QemuEnvironment environment)
    {
        try
        {
            foreach (string path in Directory.EnumerateFiles(folder, "hvb-*"))
            {
                string name = Path.GetFileName(path);
                if (OwnName.Parse(name.EndsWith(Extension, StringComparison.Ordinal) ? name[..^Extension.Length] : name)
                    is OwnName own && !environment.IsProcessAlive(own.ProcessId))
                {
                    Forget(path);
                }
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DiskImageException(
                $"'{folder}' cannot be the hypervisor's scratch folder: {failure.Message}", failure);
        }
    }

    private static void RunJob(QmpClient client, string id, JsonObject options)
    {
        client.Execute("blockdev-create", new JsonObject { ["job-id"] = id, ["options"] = options });
        client.WaitFor(
            "JOB_STATUS_CHANGE", data => data.Text("id") == id && data.Text("status") == "concluded");
        JsonElement job = client.Execute("query-jobs").Items("query-jobs").FirstOrDefault(
            item => item.Text("id") == id);
        client.Execute("job-dismiss", new JsonObject { ["id"] = id });
        if (job.Text("error") is string error)
        {
            throw new DiskImageException($"The hypervisor cannot make a scratch image: {error}.");
        }
    }
}
