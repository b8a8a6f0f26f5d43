namespace HyperVBackup.Storage;

/// <summary>The store failed: full, missing, read-only, unreachable, or broken. One sentence that names the file
/// and what the system said.</summary>
public sealed class StoreException : Exception
{
    public StoreException(string message)
        : base(message)
    {
    }

    public StoreException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
