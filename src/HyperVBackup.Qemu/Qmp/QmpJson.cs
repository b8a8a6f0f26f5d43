using System.Text.Json;
using HyperVBackup.Disks;

namespace HyperVBackup.Qemu.Qmp;

/// <summary>Reads fields that an answer must have.</summary>
internal static class QmpJson
{
    /// <exception cref="DiskImageException">It is no array.</exception>
    public static IEnumerable<JsonElement> Items(this JsonElement value, string what) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Missing(what);

    /// <summary>The text of a field, null where it is missing.</summary>
    public static string? Text(this JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(field, out JsonElement found)
        && found.ValueKind == JsonValueKind.String ? found.GetString() : null;

    /// <exception cref="DiskImageException">There is no such text.</exception>
    public static string RequiredText(this JsonElement value, string field) =>
        value.Text(field) ?? throw Missing(field);

    /// <exception cref="DiskImageException">There is no such number.</exception>
    public static long RequiredNumber(this JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(field, out JsonElement found)
        && found.ValueKind == JsonValueKind.Number && found.TryGetInt64(out long number)
            ? number
            : throw Missing(field);

    /// <summary>A truth; false where it is missing.</summary>
    public static bool Truth(this JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(field, out JsonElement found)
        && found.ValueKind == JsonValueKind.True;

    private static DiskImageException Missing(string what) =>
        new($"The QMP monitor's answer lacks what it must say: '{what}'.");
}
