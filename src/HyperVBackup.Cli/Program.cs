using HyperVBackup.Cli;

return await CommandLine.RunAsync(args);
