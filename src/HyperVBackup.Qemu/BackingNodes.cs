using System.Text.Json;
using HyperVBackup.Disks;
using HyperVBackup.Qemu.Qmp;

namespace HyperVBackup.Qemu;

/// <summary>A node over which another image was put no longer has what the guest writes.</summary>
internal static class BackingNodes
{
    /// <summary>What is ours over a node is no other image.</summary>
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
        List<(string Above, string Below, bool IsBacking)> edges =
            [.. answer.Result.GetProperty("edges").Items("edges").Select(edge => (
                names.GetValueOrDefault(edge.RequiredNumber("parent"), ""),
                names.GetValueOrDefault(edge.RequiredNumber("child"), ""),
                edge.Text("name") == "backing"))];
        foreach (string node in nodes.Select(node => node.Name))
        {
            string[] same =
                [node, .. edges.Where(edge => edge.Below == node && IsFilter(edge.Above)).Select(edge => edge.Above)];
            (string above, _, _) = edges.Find(
                edge => edge.IsBacking && same.Contains(edge.Below) && OwnName.Parse(edge.Above) is null);
            if (above is not null)
            {
                throw new DiskImageException(
                    $"The block node '{node}' is only the backing file of '{above}', which has what the guest writes; "
                    + "name that one.");
            }
        }
    }

    /// <summary>A view puts one between a node and all that uses it.</summary>
    private static bool IsFilter(string name) => OwnName.Parse(name) is { Kind: OwnName.Filter };
}
