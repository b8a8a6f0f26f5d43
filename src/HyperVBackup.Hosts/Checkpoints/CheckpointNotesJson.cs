using System.Text.Json.Serialization;

namespace HyperVBackup.Hosts.Checkpoints;

[JsonSerializable(typeof(CheckpointNotes))]
[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
internal sealed partial class CheckpointNotesJson : JsonSerializerContext;
