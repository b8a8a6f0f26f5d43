using System.Text.Json.Serialization;

namespace HyperVBackup.SimulatedHost.Machines;

[JsonSerializable(typeof(SimulatedDefinition))]
internal sealed partial class SimulatedDefinitionJson : JsonSerializerContext;
