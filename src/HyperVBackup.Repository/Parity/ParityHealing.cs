using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Parity;

/// <summary>
/// Heals chunk packs, and parity files, from parity. Each group with any of them is read once; what can be made whole
/// is proven by its own checksums before a byte is written. A pack that is there is mended where it lies; one that is
/// missing, or longer than it was, or cannot be written, is handed over to be copied. Nothing is ever deleted or made
/// anew under an old name. Used once.
/// </summary>
internal sealed class ParityHealing(
    IBlobStore store, RepositoryId repository, ContentHasher hasher, Mending mending)
{
    private readonly List<HealedPack> packs = [];
    private readonly List<PackName> parityMended = [];
    private readonly List<PackName> parityLeft = [];
    private long readBytes;

    /// <param name="damaged">Chunk packs and parity files that are damaged or missing.</param>
    /// <param name="isDryRun">Only say what could be done: write nothing, copy nothing.</param>
    /// <param name="copy">Called for each pack whose records are to be copied into other packs: with the computed
    /// group, which gives the records, and the pack. Also for packs that are lost, of which some records may be good;
    /// these are to be held against their checksums and ids.</param>
    /// <param name="progress">Told bytes of packs read and computed, and how many there are.</param>
    /// <exception cref="StoreException">The store failed; what was mended before stays.</exception>
    public async Task<ParityHealingReport> RunAsync(
        IReadOnlySet<PackName> damaged, bool isDryRun, Func<GroupHealing, HealedPack, CancellationToken, Task> copy,
        IProgress<(long DoneBytes, long TotalBytes)> progress, CancellationToken token)
    {
        List<ParityFile> files = await new ParityFiles(store, repository).OpenAllAsync(
            (name, _) => parityLeft.Add(name), token);
        files.RemoveAll(file => !damaged.Contains(file.Name) && !file.Group.PackNames().Any(damaged.Contains));
        long totalBytes = files.Sum(file => file.Group.PackBytes);
        long doneBytes = 0;
        foreach (ParityFile file in files)
        {
            GroupHealing group = new(store, repository, hasher, file);
            await group.ComputeAsync(damaged, bytes => progress.Report((doneBytes + bytes, totalBytes)), token);
            doneBytes += file.Group.PackBytes;
            readBytes += group.ReadBytes;
            await HealAsync(file, group, isDryRun, copy, token);
        }

        return new ParityHealingReport(packs, parityMended, parityLeft, readBytes);
    }

    private async Task HealAsync(
        ParityFile file, GroupHealing group, bool isDryRun,
        Func<GroupHealing, HealedPack, CancellationToken, Task> copy, CancellationToken token)
    {
        foreach (HealedPack pack in group.Packs.Where(pack => pack.Fate != PackFate.Whole))
        {
            bool isLeft = !isDryRun && pack.Fate == PackFate.Mendable
                && !await group.TryMendAsync(pack.Name, mending, token);
            HealedPack done = isLeft ? pack with { Fate = PackFate.Copyable } : pack;
            packs.Add(done);
            if (!isDryRun && done.Fate != PackFate.Mendable)
            {
                await copy(group, done, token);
            }
        }

        if (group.IsParityDamaged)
        {
            bool isMended = isDryRun ? group.CanMendParity : await group.TryMendParityAsync(mending, token);
            (isMended ? parityMended : parityLeft).Add(file.Name);
        }
    }
}
