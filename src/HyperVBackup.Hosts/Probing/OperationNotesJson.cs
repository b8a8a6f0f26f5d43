using System.Text.Json.Serialization;

namespace HyperVBackup.Hosts.Probing;

[JsonSerializable(typeof(OperationNotes))]
internal sealed partial class OperationNotesJson : JsonSerializerContext;
