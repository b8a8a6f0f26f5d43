namespace HyperVBackup.Repository;

/// <summary>No restore point, VM or disk answers to what was asked for, or several do.</summary>
public sealed class RestorePointNotFoundException : RepositoryException
{
    public RestorePointNotFoundException(string message)
        : base(message)
    {
    }

    public RestorePointNotFoundException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
