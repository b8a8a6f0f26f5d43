using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// A subtree of a map, which may stand in for a higher one: a disk of 16 chunks is child 0, the others being zeros, of
/// what it would be among 256. So maps of different heights can be compared level by level, and nothing is stored for
/// the levels between.
/// </summary>
/// <param name="Reference">The node, or a chunk at level 0.</param>
/// <param name="Level">The node's own level.</param>
internal readonly record struct Subtree(ChildReference Reference, int Level)
{
    /// <summary>True where both surely hold the same chunks. Two of different levels may do so without this telling;
    /// then the levels below tell.</summary>
    public bool HoldsSameAs(Subtree other) =>
        Reference.Id == other.Reference.Id && (Level == other.Level || Reference.IsZero);

    /// <summary>Puts its children, as a subtree of <paramref name="level"/>, into <paramref name="children"/>.
    /// </summary>
    public async ValueTask ExpandAsync(int level, INodeSource nodes, Subtree[] children, CancellationToken token)
    {
        Array.Clear(children);
        if (Reference.IsZero)
        {
            return;
        }

        if (Level < level)
        {
            children[0] = this;
            return;
        }

        MapNode node = await nodes.ReadNodeAsync(new NodeId(Reference.Id), (byte)level, Reference.Place, token);
        for (int slot = 0; slot < children.Length; slot++)
        {
            children[slot] = new Subtree(ChildReference.Of(node, slot), level - 1);
        }
    }
}
