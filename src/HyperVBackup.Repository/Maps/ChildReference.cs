using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maps;

/// <summary>A child of a node: a chunk's id below a node of level 1, a node's id elsewhere, and where it may lie.
/// </summary>
internal readonly record struct ChildReference(Digest Id, RecordPlace Place)
{
    public bool IsZero => Id.IsZero;

    public static ChildReference Of(MapNode node, int slot) => new(node.GetChild(slot), node.GetPlace(slot));
}
