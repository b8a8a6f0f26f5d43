namespace HyperVBackup.Repository;

/// <summary>What the world did to a repository: one sentence that says what, where and what to do.</summary>
public abstract class RepositoryException : Exception
{
    private protected RepositoryException(string message)
        : base(message)
    {
    }

    private protected RepositoryException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
