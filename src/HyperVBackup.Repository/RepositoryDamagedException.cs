namespace HyperVBackup.Repository;

/// <summary>Stored data is damaged or missing, and no good copy was found.</summary>
public sealed class RepositoryDamagedException : RepositoryException
{
    public RepositoryDamagedException(string message)
        : base(message)
    {
    }

    public RepositoryDamagedException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
