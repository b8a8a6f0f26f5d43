using HyperVBackup.Storage.Native;

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

    /// <summary>What the system refused, with what to do where that is known.</summary>
    /// <param name="failure">As .NET told it.</param>
    /// <param name="attempt">A verb that the path can follow: "write to", "flush".</param>
    public static StoreException Of(Exception failure, string attempt, string path) =>
        SystemError.ToException(failure, attempt, path);

    /// <summary>The message of what the system refused, with what to do where that is known.</summary>
    public static string AdvisedMessageOf(Exception failure) => SystemError.AdvisedMessageOf(failure);
}
