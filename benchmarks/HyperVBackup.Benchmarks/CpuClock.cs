using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace HyperVBackup.Benchmarks;

/// <summary>
/// The clock of the core this runs on, which moves from one moment to the next. It is told from multiplications each of
/// which needs the one before: current x86-64 CPUs take three cycles for one, whatever else shares the core.
/// </summary>
internal static class CpuClock
{
    private const int CyclesPerProduct = 3;
    private const int ProductsPerTurn = 4;
    private const int TurnCount = 2000;

    // Odd, so that the products never become zero. Not a constant to the compiler, which would simplify the chain.
    private static ulong factor = 0x9E3779B97F4A7C15;

    /// <summary>Cycles in a second, in 10^9, over some ten microseconds.</summary>
    public static double MeasureGigahertz()
    {
        long start = Stopwatch.GetTimestamp();
        factor = Multiply(factor);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return TurnCount * ProductsPerTurn * CyclesPerProduct / seconds / 1e9;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static ulong Multiply(ulong by)
    {
        ulong product = by;
        for (int i = 0; i < TurnCount; i++)
        {
            unchecked
            {
                product *= by;
                product *= by;
                product *= by;
                product *= by;
            }
        }
        return product;
    }
}
