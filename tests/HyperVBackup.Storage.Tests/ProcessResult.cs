namespace HyperVBackup.Storage.Tests;

internal sealed record ProcessResult(int ExitCode, string Output, string Error);
