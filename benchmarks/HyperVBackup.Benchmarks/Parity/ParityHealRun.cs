using System.Diagnostics;
using System.Globalization;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Storage;

namespace HyperVBackup.Benchmarks.Parity;

/// <summary>Heals every chunk pack of a repository that lies in a folder, and says how fast; to be tried on a copy of
/// one that was damaged.</summary>
internal static class ParityHealRun
{
    public static async Task<int> RunAsync(string folder, TextWriter output)
    {
        FolderStore store = new(folder);
        BackupRepository repository = await BackupRepository.OpenAsync(
            store, new RepositoryEnvironment { Clock = TimeProvider.System, Randomness = _ => { } });
        HashSet<PackName> packs = [];
        await foreach (BlobName blob in store.ListAsync(FileNames.ParityFolder, default))
        {
            packs.Add(PackName.TryParse(blob.Path, out PackName name) ? name : default);
        }

        long start = Stopwatch.GetTimestamp();
        Mending mending = new(store, output.WriteLine);
        ParityHealingReport report = await new ParityHealing(
            store, repository.Id, repository.Hasher, mending).RunAsync(
            packs, isDryRun: false, (_, _, _) => Task.CompletedTask, new Progress<(long, long)>(), default);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (IGrouping<PackFate, HealedPack> fate in report.Packs.GroupBy(pack => pack.Fate))
        {
            output.WriteLine($"{fate.Key}: {fate.Count()} packs, {fate.Sum(pack => pack.DamagedBytes)} bytes damaged");
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.ReadBytes / 1e6:F0} MB read and computed, proven and mended in {seconds:F1} s "
            + $"({report.ReadBytes / seconds / 1e6:F0} MB/s); {report.ParityMended.Count} parity files mended, "
            + $"{report.ParityLeft.Count} left"));
        return report.Packs.All(pack => pack.Fate == PackFate.Mendable) ? 0 : 1;
    }
}
