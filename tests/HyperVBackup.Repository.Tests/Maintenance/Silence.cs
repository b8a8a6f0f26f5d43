namespace HyperVBackup.Repository.Tests.Maintenance;

/// <summary>Progress that nobody listens to.</summary>
internal sealed class Silence<T> : IProgress<T>
{
    public void Report(T value)
    {
    }
}
