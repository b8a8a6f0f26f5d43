namespace HyperVBackup.Repository.Sessions;

/// <summary>What stands under a session's name.</summary>
public enum SessionState
{
    /// <summary>Nothing: it may commit yet.</summary>
    Open,

    /// <summary>A fence: it was given up, and never commits.</summary>
    Fenced,

    /// <summary>Its restore point.</summary>
    Committed,
}
