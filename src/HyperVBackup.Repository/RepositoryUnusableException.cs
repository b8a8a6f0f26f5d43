namespace HyperVBackup.Repository;

/// <summary>There is no repository, it exists already, or this version cannot read it.</summary>
public sealed class RepositoryUnusableException : RepositoryException
{
    public RepositoryUnusableException(string message)
        : base(message)
    {
    }

    public RepositoryUnusableException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
