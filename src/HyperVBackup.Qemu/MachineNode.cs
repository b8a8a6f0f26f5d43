using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using HyperVBackup.Disks;
using HyperVBackup.Qemu.Qmp;

namespace HyperVBackup.Qemu;

/// <summary>A block node of a hypervisor.</summary>
/// <param name="Identity">Of the image that it reads: another image under the same name has another one.</param>
internal sealed record MachineNode(
    string Name, long SizeBytes, string Identity, IReadOnlyList<MachineBitmap> Bitmaps)
{
    private const int IdentityBytes = 8;

    public static List<MachineNode> ReadAll(QmpClient client) =>
        [.. client.Execute("query-named-block-nodes", new JsonObject { ["flat"] = true })
            .Items("block nodes").Select(Read)];

    /// <exception cref="DiskImageException">There is no such node.</exception>
    public static MachineNode Find(IEnumerable<MachineNode> nodes, string name) =>
        nodes.FirstOrDefault(node => node.Name == name)
        ?? throw new DiskImageException($"The hypervisor has no block node '{name}'.");

    private static MachineNode Read(JsonElement node)
    {
        JsonElement image = node.TryGetProperty("image", out JsonElement found) ? found : default;
        IEnumerable<JsonElement> bitmaps =
            node.TryGetProperty("dirty-bitmaps", out JsonElement listed) ? listed.Items("dirty-bitmaps") : [];
        return new MachineNode(
            node.RequiredText("node-name"),
            image.RequiredNumber("virtual-size"),
            IdentityOf(node.RequiredText("drv"), node.RequiredText("file")),
            [.. bitmaps.Select(MachineBitmap.Read).OfType<MachineBitmap>()]);
    }

    private static string IdentityOf(string driver, string file) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{driver}\n{file}")).AsSpan(0, IdentityBytes));
}
