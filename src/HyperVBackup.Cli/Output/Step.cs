namespace HyperVBackup.Cli.Output;

/// <summary>How far a piece of work is.</summary>
/// <param name="What">What is done, for a person.</param>
/// <param name="Done">How much of it is done, in any unit.</param>
/// <param name="Total">How much there is to do, in the same unit.</param>
/// <param name="Bytes">Bytes read or written so far; 0 where nobody counts them.</param>
internal readonly record struct Step(string What, long Done, long Total, long Bytes)
{
    /// <summary>Chunks found so far, where these and not bytes are what takes time; else 0.</summary>
    public long Chunks { get; init; }
}
