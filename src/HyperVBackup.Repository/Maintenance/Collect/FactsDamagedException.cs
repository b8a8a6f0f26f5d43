namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>The host's file of facts is not what was written into it: it is to be made anew from the packs.</summary>
internal sealed class FactsDamagedException : Exception
{
    public FactsDamagedException(string message)
        : base(message)
    {
    }

    public FactsDamagedException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
