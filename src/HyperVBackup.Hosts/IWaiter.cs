namespace HyperVBackup.Hosts;

/// <summary>Time as a backup of a host's machines sees it: what it waits by, and the host's clock.</summary>
public interface IWaiter
{
    DateTimeOffset Now { get; }

    /// <summary>Returns after about so long.</summary>
    /// <exception cref="OperationCanceledException">Waiting was cancelled.</exception>
    void Wait(TimeSpan time);

    /// <summary>A waiter for taking away what must not stay: a cancellation ends it only some time later.</summary>
    IWaiter ForCleanUp();
}
