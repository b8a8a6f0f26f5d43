using System.Runtime.InteropServices;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Exploration;

/// <summary>Tells a way through the states in words.</summary>
internal static class Trace
{
    /// <param name="world">What was explored.</param>
    /// <param name="path">States from the first on, each formed as <see cref="Canonical"/> does.</param>
    internal static IReadOnlyList<string> Of(World world, IReadOnlyList<State> path)
    {
        List<string> lines = [];
        State state = world.Initial;
        Successors next = new();
        foreach (State wanted in path.Skip(1))
        {
            next.Clear();
            for (int process = 0; process <= world.ProcessCount; process++)
            {
                world.Steps(state, process, next);
            }

            int taken = Enumerable.Range(0, next.Count).First(index => IsSame(world, next[index], wanted));
            lines.Add(next.Describe(world, taken));
            state = next[taken];
        }

        return lines;
    }

    private static bool IsSame(World world, State state, State wanted)
    {
        Canonical.Form(world, ref state);
        return MemoryMarshal.AsBytes(new ReadOnlySpan<State>(in state))
            .SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<State>(in wanted)));
    }
}
