namespace HyperVBackup.Operations;

/// <summary>For callers who do not ask how far an operation is.</summary>
internal sealed class NoProgress<T> : IProgress<T>
{
    public static IProgress<T> Instance { get; } = new NoProgress<T>();

    public void Report(T value)
    {
        // nobody asked
    }
}
