using System.Text.Json.Serialization;

namespace HyperVBackup.Hosts.VolumeSnapshots;

[JsonSerializable(typeof(string[]))]
internal sealed partial class SnapshotNotesJson : JsonSerializerContext;
