namespace HyperVBackup.Cli;

/// <summary>What was asked for makes no sense; one sentence that says what would.</summary>
internal sealed class UsageException(string message) : Exception(message);
