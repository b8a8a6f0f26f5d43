namespace HyperVBackup.RealParts.Runs;

/// <summary>Progress that nobody looks at.</summary>
internal sealed class Silent<T> : IProgress<T>
{
    public void Report(T value)
    {
    }
}
