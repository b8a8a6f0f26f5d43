namespace HyperVBackup.Hosts;

/// <summary>A Hyper-V host refused, failed, or answered with what cannot be. One sentence.</summary>
public sealed class HostException : Exception
{
    /// <param name="code">The number the host gave, as <see cref="Wmi.ReturnCodes"/> or
    /// <see cref="VirtualDisks.VirtualDiskError"/> know it; 0 where it gave none.</param>
    public HostException(string message, uint code = 0, Exception? inner = null)
        : base(message, inner) => Code = code;

    public uint Code { get; }
}
