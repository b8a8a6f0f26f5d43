using System.Text.Json;

namespace HyperVBackup.Hosts.Configurations;

/// <summary>What has to be known of a machine to import it again, as its files are not looked into; kept among them.
/// </summary>
/// <param name="Machine">Its id.</param>
/// <param name="Name">What people called it.</param>
/// <param name="Version">Its configuration version; empty where it was not told.</param>
/// <param name="Definition">The name of the file that defines it.</param>
/// <param name="Disks">Its virtual hard disks, each once.</param>
public sealed record MachineManifest(
    Guid Machine, string Name, string Version, string Definition, IReadOnlyList<ManifestDisk> Disks)
{
    /// <summary>What the file is called.</summary>
    public const string FileName = "hyperv-machine.json";

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, MachineManifestJson.Default.MachineManifest);

    /// <summary>Null where the bytes are none that <see cref="ToBytes"/> makes.</summary>
    public static MachineManifest? Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            MachineManifest? manifest = JsonSerializer.Deserialize(
                bytes, MachineManifestJson.Default.MachineManifest);
            return manifest is { Name: not null, Version: not null, Definition: not null, Disks: not null }
                && manifest.Disks.All(disk => disk is { Disk: not null, File: not null, Place: not null })
                ? manifest
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
