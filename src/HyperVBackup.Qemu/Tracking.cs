using System.Globalization;
using System.Text.Json.Nodes;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Qemu.Qmp;

namespace HyperVBackup.Qemu;

/// <summary>
/// The dirty bitmap that tracks one disk between backups. Outside a backup there is at most one of ours, recording;
/// its random name stands for the state that it records the changes since. During a backup there are two: the old one,
/// frozen, and the new one, recording. Whoever finds two puts the new one's bits into the old one, which records again:
/// that is what an abandoned backup leaves, and right after any crash. Bitmaps of ours are never persistent, so that
/// they end with the hypervisor's process, and no other process can have them.
/// </summary>
/// <param name="Bitmap">The bitmap to read changes from, or null: they are lost.</param>
/// <param name="LostReason">Why, if so.</param>
internal sealed record Tracking(MachineBitmap? Bitmap, string LostReason)
{
    public const long GranularityBytes = 64 << 10;

    private const string Nothing =
        "the hypervisor has no dirty bitmap of ours for this disk: it was restarted, the disk was replaced, or nothing "
        + "tracked it yet";

    /// <summary>The id that a restore point records for the state that a bitmap begins with.</summary>
    public static string IdOf(string bitmapName, MachineNode node) => string.Create(
        CultureInfo.InvariantCulture, $"qemu:{bitmapName}:{GranularityBytes}:{node.Identity}");

    /// <summary>Leaves at most one bitmap of ours, recording, and removes those that are of no use.</summary>
    public static Tracking Settle(QmpClient client, MachineNode node)
    {
        List<MachineBitmap> ours = [.. node.Bitmaps.Where(bitmap => bitmap.IsOurs)];
        string? doubt = ours.Select(Doubt).FirstOrDefault(reason => reason is not null);
        List<MachineBitmap> frozen = [.. ours.Where(bitmap => !bitmap.IsRecording)];
        List<MachineBitmap> recording = [.. ours.Where(bitmap => bitmap.IsRecording)];
        if (doubt is null && frozen.Count <= 1 && recording.Count == 1)
        {
            if (frozen.Count == 1)
            {
                Merge(client, node.Name, frozen[0].Name, recording[0].Name);
            }

            return new Tracking(frozen.Count == 1 ? frozen[0] with { IsRecording = true } : recording[0], "");
        }

        foreach (MachineBitmap bitmap in ours)
        {
            // One that is in use ends the backup: left beside the new one it would seem to be what that one follows.
            client.Execute("block-dirty-bitmap-remove", Of(node.Name, bitmap.Name));
        }

        return new Tracking(null, doubt ?? (ours.Count == 0
            ? Nothing
            : $"the hypervisor has {recording.Count} recording and {frozen.Count} frozen dirty bitmaps of ours for "
                + "this disk, where one records"));
    }

    /// <summary>One bitmap of a node, as commands name it.</summary>
    public static JsonObject Of(string node, string bitmap) => new() { ["node"] = node, ["name"] = bitmap };

    public static JsonObject Action(string type, JsonObject data) => new() { ["type"] = type, ["data"] = data };

    private static string? Doubt(MachineBitmap bitmap)
    {
        if (bitmap.IsInconsistent)
        {
            return $"the dirty bitmap '{bitmap.Name}' is marked inconsistent: the hypervisor ended without saving it";
        }

        if (bitmap.IsPersistent)
        {
            return $"the dirty bitmap '{bitmap.Name}' is persistent, which none of ours is";
        }

        if (bitmap.IsBusy)
        {
            return $"the dirty bitmap '{bitmap.Name}' is in use by something else";
        }

        return bitmap.GranularityBytes == GranularityBytes
            ? null
            : $"the dirty bitmap '{bitmap.Name}' has a granularity of {bitmap.GranularityBytes} bytes instead of "
                + $"{GranularityBytes}";
    }

    /// <summary>In one transaction, so that no write is left out. The old one records before the new one's bits are
    /// taken.</summary>
    private static void Merge(QmpClient client, string node, string old, string added) => client.Execute(
        "transaction",
        new JsonObject
        {
            ["actions"] = new JsonArray(
                Action("block-dirty-bitmap-enable", Of(node, old)),
                Action("block-dirty-bitmap-merge", new JsonObject
                {
                    ["node"] = node,
                    ["target"] = old,
                    ["bitmaps"] = new JsonArray(added),
                }),
                Action("block-dirty-bitmap-remove", Of(node, added))),
        });
}
