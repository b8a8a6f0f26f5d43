using System.Globalization;
using HyperVBackup.Operations.Tests.Kit;

namespace HyperVBackup.Simulation.Crashes;

/// <summary>Many verbs one after the other, at random by a seed, among them processes that were killed.</summary>
internal static class CrashHistory
{
    private const string Name = "history ";
    private const int StepCount = 14;

    public static CrashVerb Verb(int seed) => new(
        string.Create(CultureInfo.InvariantCulture, $"{Name}{seed}"),
        world => PrepareAsync(world, new Random(seed)),
        world => RunAsync(world, new Random(seed + 1), StepCount));

    public static bool TryParse(string name, out int seed)
    {
        seed = 0;
        return name.StartsWith(Name, StringComparison.Ordinal)
            && int.TryParse(name[Name.Length..], CultureInfo.InvariantCulture, out seed);
    }

    /// <summary>Some steps, and a kill at a random operation.</summary>
    private static async Task PrepareAsync(CrashWorld world, Random random)
    {
        world.Disks["disk"] = Content.RandomDisk(
            random.Next(4 * CrashWorld.Chunk, 9 * CrashWorld.Chunk), random.Next());
        if (random.Next(3) == 0)
        {
            world.Disks["system"] = Content.RandomDisk(random.Next(1, 3 * CrashWorld.Chunk), random.Next());
        }

        await world.InitializeAsync();
        await world.BackupAsync();
        await world.BeginAsync();
        await RunAsync(world, random, random.Next(1, StepCount));
        await world.KillAsync(random.Next(world.Files.OperationCount + 1));
    }

    private static async Task RunAsync(CrashWorld world, Random random, int stepCount)
    {
        for (int step = 0; step < stepCount; step++)
        {
            await StepAsync(world, random);
        }
    }

    private static Task StepAsync(CrashWorld world, Random random) => random.Next(12) switch
    {
        0 or 1 or 2 => world.TrackAsync(),
        3 => world.CatchAsync(),
        4 => world.BackupAsync(request => request with { Full = true }),
        5 => world.BackupAsync(request => request with { AuditPercent = 50 }),
        6 => world.SynthesizeAsync(isSequential: random.Next(2) == 0),
        7 => world.PruneAsync(),
        8 => world.CollectAsync(repacks: random.Next(2) == 0),
        9 => world.PinLatestAsync(),
        10 => world.Bench.VerifyAsync(),
        _ => world.RestartAsync(),
    };
}
