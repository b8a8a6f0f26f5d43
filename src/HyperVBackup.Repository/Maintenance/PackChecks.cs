using System.Collections.Concurrent;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maintenance.Rotation;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>Checks packs side by side, and counts. Used once.</summary>
/// <param name="isYetToCome">Whether the second copy of a map pack need not be there yet.</param>
internal sealed class PackChecks(
    IBlobStore store, RepositoryId repository, ContentHasher hasher, int pagesPerChunk, DamageLog damage,
    int workerCount, Func<PackName, CancellationToken, Task<bool>> isYetToCome)
{
    private readonly ConcurrentBag<RotationPack> chunkPacks = [];
    private long packCount;
    private long recordCount;
    private long bytesRead;

    /// <summary>Packs looked at, copies counted.</summary>
    public long PackCount => Interlocked.Read(ref packCount);

    /// <summary>Records decoded and hashed.</summary>
    public long RecordCount => Interlocked.Read(ref recordCount);

    public long BytesRead => Interlocked.Read(ref bytesRead);

    /// <summary>The chunk packs looked at whose header and table are good.</summary>
    public IEnumerable<RotationPack> ChunkPacks => chunkPacks;

    /// <summary>Looks at packs: both copies of a map pack whole.</summary>
    /// <param name="isDataRead">Whether the records of a chunk pack are read too.</param>
    public async Task RunAsync(
        IReadOnlyCollection<PackName> packs, Func<PackName, bool> isDataRead,
        IProgress<VerificationProgress> progress, CancellationToken token)
    {
        long done = 0;
        await Parallel.ForEachAsync(packs, SideBySide(token), async (pack, ending) =>
        {
            bool isWhole = pack.Kind == PackKind.Maps || isDataRead(pack);
            await CheckAsync(pack, pack.BlobName, isWhole ? PackParts.All : PackParts.Frame, ending);
            if (pack.Kind == PackKind.Maps && !await isYetToCome(pack, ending))
            {
                await CheckAsync(pack, pack.MirrorBlobName, PackParts.All, ending);
            }

            progress.Report(new VerificationProgress(
                "packs", Interlocked.Increment(ref done), packs.Count, BytesRead));
        });
    }

    /// <summary>Reads the records of chunk packs that were looked at, in the order planned.</summary>
    public async Task ReadDataAsync(
        RotationPlan plan, RotationKeeper keeper, IProgress<VerificationProgress> progress, CancellationToken token)
    {
        keeper.Begin(plan);
        long before = BytesRead;
        long doneBytes = 0;
        progress.Report(new VerificationProgress("data", 0, plan.LengthBytes, 0));
        await Parallel.ForEachAsync(Enumerable.Range(0, plan.Count), SideBySide(token), async (index, ending) =>
        {
            bool isSound = await CheckAsync(plan[index], plan[index].BlobName, PackParts.Records, ending);
            keeper.NoteRead(index, isSound);
            long lengthBytes = plan.EndOf(index + 1) - plan.EndOf(index);
            progress.Report(new VerificationProgress(
                "data", Interlocked.Add(ref doneBytes, lengthBytes), plan.LengthBytes, BytesRead - before));
            await keeper.SaveIfDueAsync();
        });
    }

    /// <returns>Whether nothing is wrong with it.</returns>
    private async Task<bool> CheckAsync(PackName pack, string copy, PackParts parts, CancellationToken token)
    {
        bool isSound = true;
        PackCheck check = new(store, repository, hasher, pagesPerChunk);
        await check.RunAsync(
            pack, copy, parts,
            (offsetBytes, what, id) =>
            {
                isSound = false;
                if (id.IsZero)
                {
                    damage.Add(copy, offsetBytes, what);
                }
                else
                {
                    damage.AddRecord(copy, offsetBytes, what);
                }
            },
            (offsetBytes, what) =>
            {
                isSound = false;
                damage.AddFile(copy, offsetBytes, what);
            },
            token);
        Interlocked.Increment(ref packCount);
        Interlocked.Add(ref recordCount, check.RecordCount);
        Interlocked.Add(ref bytesRead, check.BytesRead);
        if (pack.Kind == PackKind.Chunks && parts.HasFlag(PackParts.Frame) && check.LengthBytes > 0)
        {
            chunkPacks.Add(RotationPack.Of(pack, check.LengthBytes));
        }

        return isSound;
    }

    private ParallelOptions SideBySide(CancellationToken token) => new()
    {
        MaxDegreeOfParallelism = workerCount,
        CancellationToken = token,
    };
}
