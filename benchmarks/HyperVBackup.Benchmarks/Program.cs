using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using HyperVBackup.Benchmarks;
using HyperVBackup.Benchmarks.Codecs;
using HyperVBackup.Benchmarks.Collect;
using HyperVBackup.Benchmarks.Index;
using HyperVBackup.Benchmarks.Maps;
using HyperVBackup.Benchmarks.Parity;
using HyperVBackup.Benchmarks.Scenarios;

// "blake3 --quick" and "codecs --quick [IMAGE]" print medians within seconds, "scenarios" runs whole backups beside
// other programs, "index" builds and measures an index of chunks, "rebuild" makes one anew from packs,
// "maps" measures synthetic fulls and metadata,
// "collect" prunes and collects, "parity" makes and uses parity, "parity heal FOLDER" heals a damaged repository;
// anything else is BenchmarkDotNet's own command line.
if (args is ["blake3", "--quick"])
{
    Blake3Quick.Run(Console.Out);
    return 0;
}
if (args is ["codecs", "--quick", .. string[] images] && images.Length <= 1)
{
    CodecQuick.Run(images is [string image] ? image : null, Console.Out);
    return 0;
}
if (args is ["parity"])
{
    ParityQuick.Run(Console.Out);
    return 0;
}
if (args is ["parity", "heal", string damagedFolder])
{
    return await ParityHealRun.RunAsync(damagedFolder, Console.Out);
}
if (args is ["scenarios", ..])
{
    return ScenarioRun.Run(args.AsSpan(1), Console.Out);
}
if (args is ["index", .. string[] order])
{
    return IndexBenchmark.Run(order, Console.Out);
}
if (args is ["rebuild", .. string[] rebuildArguments])
{
    return await RebuildBenchmark.RunAsync(rebuildArguments, Console.Out);
}
if (args is ["maps", .. string[] mapArguments])
{
    return await MapRun.RunAsync(mapArguments, Console.Out);
}
if (args is ["collect", .. string[] collectArguments])
{
    return await CollectBenchmark.RunAsync(collectArguments, Console.Out);
}
string[] arguments = args is ["blake3", .. string[] rest] ? ["--filter", "*Blake3*", .. rest] : args;
// In this process: to build others, BenchmarkDotNet walks all of the working folder, and not every link there ends.
Job inThisProcess = Job.Default.WithToolchain(InProcessEmitToolchain.Instance);
BenchmarkSwitcher.FromAssembly(typeof(Blake3Benchmarks).Assembly)
    .Run(arguments, DefaultConfig.Instance.AddJob(inThisProcess));
return 0;
