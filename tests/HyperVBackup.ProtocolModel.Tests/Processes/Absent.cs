using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>W2 and R2: what a session may not rely on.</summary>
internal static class Absent
{
    /// <summary>What <c>retired/number</c> names if it is there, else <c>condemned/number</c>.</summary>
    internal static (byte Packs, byte Points) Read(World world, in State state, int number)
    {
        if (number == 0)
        {
            return (0, 0);
        }

        Collection collection = state.CollectionOf(number);
        if (state.IsRetired(number))
        {
            return (collection.RetiredPacks, collection.RetiredPoints);
        }

        return world.Change == Change.CondemnedNotRead
            ? ((byte)0, (byte)0)
            : (collection.CondemnedPacks, collection.CondemnedPoints);
    }
}
