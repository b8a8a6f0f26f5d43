using System.Text.Json.Serialization;

namespace HyperVBackup.Hosts.Containers;

[JsonSerializable(typeof(ContainerMember[]))]
internal sealed partial class ContainerMembersJson : JsonSerializerContext;
