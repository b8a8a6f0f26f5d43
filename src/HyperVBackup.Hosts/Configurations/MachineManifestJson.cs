using System.Text.Json.Serialization;

namespace HyperVBackup.Hosts.Configurations;

[JsonSerializable(typeof(MachineManifest))]
[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class MachineManifestJson : JsonSerializerContext;
