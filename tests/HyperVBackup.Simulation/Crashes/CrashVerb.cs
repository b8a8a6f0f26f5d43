using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Testing.Stores;

namespace HyperVBackup.Simulation.Crashes;

/// <summary>A verb that is broken off after each of its operations on files.</summary>
/// <param name="Name">As the table in repo-format/integrity.md calls it.</param>
/// <param name="Prepare">What is there before, all of it durable.</param>
/// <param name="Run">What is broken off.</param>
internal sealed record CrashVerb(string Name, Func<CrashWorld, Task> Prepare, Func<CrashWorld, Task> Run)
{
    /// <summary>What must be so once the verb has returned, whatever crash comes then.</summary>
    public Func<CrashWorld, Bench, Task<bool>> Kept { get; init; } = (_, _) => Task.FromResult(true);

    /// <summary>Flushes that the recorded run is without.</summary>
    public Func<FileOperation, bool>? LeavesOut { get; init; }

    /// <summary>Prepares a world and records the verb in it.</summary>
    public async Task<CrashWorld> RecordAsync()
    {
        CrashWorld world = new();
        await Prepare(world);
        await world.BeginAsync();
        world.Files.LeavesOut = LeavesOut;
        await Run(world);
        return world;
    }
}
