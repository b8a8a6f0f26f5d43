using System.Numerics;

namespace HyperVBackup.ProtocolModel.Tests.Model;

/// <summary>Small sets of packs, sessions or chunks, one bit each.</summary>
internal static class Bits
{
    internal static int Of(int index) => 1 << index;

    internal static bool Has(int set, int index) => (set >> index & 1) != 0;

    internal static byte With(int set, int index) => (byte)(set | 1 << index);

    internal static byte Without(int set, int index) => (byte)(set & ~(1 << index));

    internal static int Lowest(int set) => BitOperations.TrailingZeroCount(set);

    internal static int Highest(int set) => BitOperations.Log2((uint)set);

    internal static bool Covers(int set, int part) => (part & ~set) == 0;
}
