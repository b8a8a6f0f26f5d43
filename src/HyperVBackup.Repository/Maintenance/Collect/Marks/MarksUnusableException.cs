namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>What this host keeps of its last marking is not what was written, or leads no further: all is to be marked
/// anew.</summary>
internal sealed class MarksUnusableException : Exception
{
    public MarksUnusableException(string message)
        : base(message)
    {
    }

    public MarksUnusableException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
