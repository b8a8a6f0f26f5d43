using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Exploration;

/// <summary>The states that one step leads to, with what that step was. A buffer, used again and again.</summary>
internal sealed class Successors
{
    private State[] states = new State[64];
    private string[] texts = new string[64];
    private (int Process, int Set)[] details = new (int Process, int Set)[64];

    internal int Count { get; private set; }

    /// <summary>Whose steps are being added.</summary>
    internal int Process { get; set; }

    internal ref State this[int index] => ref states[index];

    /// <summary>Adds a copy of <paramref name="before"/>, to be changed at once into what comes after.</summary>
    /// <param name="text">What happens, with {packs}, {points} or {data} where <paramref name="set"/> is told.</param>
    internal ref State Add(in State before, string text, int set = 0)
    {
        if (Count == states.Length)
        {
            Array.Resize(ref states, Count * 2);
            Array.Resize(ref texts, Count * 2);
            Array.Resize(ref details, Count * 2);
        }

        states[Count] = before;
        texts[Count] = text;
        details[Count] = (Process, set);
        return ref states[Count++];
    }

    internal void Clear() => Count = 0;

    internal int ProcessOf(int index) => details[index].Process;

    internal string Describe(World world, int index)
    {
        (int process, int set) = details[index];
        string text = texts[index]
            .Replace("{packs}", world.PackNames(set), StringComparison.Ordinal)
            .Replace("{points}", world.SessionNames(set), StringComparison.Ordinal)
            .Replace("{data}", Data.NamesOf(set & Data.All), StringComparison.Ordinal);
        return $"{world.ProcessName(process)}: {text}";
    }
}
