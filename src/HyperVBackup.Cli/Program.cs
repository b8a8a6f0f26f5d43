using HyperVBackup.Cli;
using HyperVBackup.Cli.Output;

using Utf8Output output = new();
return await CommandLine.RunAsync(args);
