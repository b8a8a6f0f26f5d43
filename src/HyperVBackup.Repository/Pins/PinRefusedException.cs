namespace HyperVBackup.Repository.Pins;

/// <summary>A pin cannot be put or removed as asked, or holds what a verb was to take away.</summary>
public sealed class PinRefusedException : RepositoryException
{
    public PinRefusedException(string message)
        : base(message)
    {
    }

    public PinRefusedException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
