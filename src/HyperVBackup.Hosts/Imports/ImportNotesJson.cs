using System.Text.Json.Serialization;

namespace HyperVBackup.Hosts.Imports;

[JsonSerializable(typeof(ImportNotes))]
[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
internal sealed partial class ImportNotesJson : JsonSerializerContext;
