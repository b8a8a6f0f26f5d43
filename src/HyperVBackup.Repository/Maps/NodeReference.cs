using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maps;

/// <summary>A stored node.</summary>
/// <param name="Id">Not zero.</param>
/// <param name="Place">Where it may lie; a hint.</param>
public readonly record struct NodeReference(NodeId Id, RecordPlace Place);
