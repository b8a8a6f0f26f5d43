namespace HyperVBackup.RealParts.Failures;

/// <summary>A command of the real program that is killed.</summary>
/// <param name="Name">In figures.</param>
/// <param name="Arguments">What follows the program's name.</param>
internal sealed record KilledVerb(string Name, params string[] Arguments)
{
    /// <summary>Whether the disk changes before it.</summary>
    public bool ReadsDisk { get; init; }

    /// <summary>Whether points may be no longer shown after it.</summary>
    public bool Prunes { get; init; }
}
