namespace HyperVBackup.Repository;

/// <summary>A collector gave this session up before it committed; nothing was published. Run again.</summary>
public sealed class SessionFencedException : RepositoryException
{
    public SessionFencedException(string message)
        : base(message)
    {
    }

    public SessionFencedException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
