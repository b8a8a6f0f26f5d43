namespace HyperVBackup.Repository;

/// <summary>What was to be stored is not any more what it was: nothing of it is published. The likely cause is this
/// machine's memory.</summary>
public sealed class MemoryFaultException : RepositoryException
{
    private const string Advice = "The likely cause is this machine's memory: test it before the next run. No restore "
        + "point was made.";

    /// <param name="what">What changed, as a sentence without its end.</param>
    public MemoryFaultException(string what)
        : base($"{what}. {Advice}")
    {
    }

    /// <inheritdoc cref="MemoryFaultException(string)"/>
    public MemoryFaultException(string what, Exception inner)
        : base($"{what}. {Advice}", inner)
    {
    }
}
