using System.Runtime.InteropServices;

namespace HyperVBackup.ProtocolModel.Tests.Model;

/// <summary>What <c>condemned/n</c> and <c>retired/n</c> name; empty while they are missing.</summary>
[StructLayout(LayoutKind.Sequential, Size = 4)]
internal struct Collection
{
    internal byte CondemnedPacks;
    internal byte CondemnedPoints;
    internal byte RetiredPacks;
    internal byte RetiredPoints;
}
