using System.Text.Json;
using HyperVBackup.Disks;
using HyperVBackup.Qemu.Qmp;

namespace HyperVBackup.Qemu;

/// <summary>A node over which another image was put no longer has what the guest writes.</summary>
internal static class BackingNodes
{
    /// <exception cref="DiskImageException">One of the nodes is only the backing file of another.</exception>
    public static void RequireNone(QmpClient client, IEnumerable<MachineNode> nodes)
    {
        QmpAnswer answer = client.Try("x-debug-query-block-graph");
        if (answer.Error is not null)
        {
            return; // a hypervisor may not tell
        }

        Dictionary<long, string> names = answer.Result.GetProperty("nodes").Items("nodes")
            .ToDictionary(node => node.RequiredNumber("id"), node => node.Text("name") ?? "");
        foreach (JsonElement edge in answer.Result.GetProperty("edges").Items("edges"))
        {
            string below = names.GetValueOrDefault(edge.RequiredNumber("child"), "");
            if (edge.Text("name") == "backing" && nodes.Any(node => node.Name == below))
            {
                string above = names.GetValueOrDefault(edge.RequiredNumber("parent"), "");
                throw new DiskImageException(
                    $"The block node '{below}' is only the backing file of '{above}', which has what the guest writes; "
                    + "name that one.");
            }
        }
    }
}
