namespace HyperVBackup.Cli;

/// <summary>What scripts may rely on.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>Failed, interrupted, or verify found damage.</summary>
    public const int Failed = 1;

    public const int WrongUsage = 2;
}
