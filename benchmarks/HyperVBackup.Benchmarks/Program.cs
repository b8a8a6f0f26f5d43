using BenchmarkDotNet.Running;
using HyperVBackup.Benchmarks;

// "blake3 --quick" prints medians within seconds; anything else is BenchmarkDotNet's own command line.
if (args is ["blake3", "--quick"])
{
    Blake3Quick.Run(Console.Out);
    return 0;
}
string[] arguments = args is ["blake3", .. string[] rest] ? ["--filter", "*Blake3*", .. rest] : args;
BenchmarkSwitcher.FromAssembly(typeof(Blake3Benchmarks).Assembly).Run(arguments);
return 0;
