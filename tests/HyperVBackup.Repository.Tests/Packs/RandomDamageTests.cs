using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Tests.Maintenance;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Packs;

/// <summary>Whatever bytes are changed wherever, a read gives the right bytes or throws, and verification says which
/// points cannot be read.</summary>
public sealed class RandomDamageTests
{
    [Property(MaxTest = 150)]
    public async Task Reads_are_right_or_throw_and_verification_knows(int seed)
    {
        Random random = new(seed);
        SampleRepository sample = await ThreePointsAsync(random);
        MemoryStore store = sample.Store.Copy();
        BlobName[] files = [.. store.Names.Where(name => name.Path != FileNames.Repository)];
        for (int count = random.Next(1, 10); count > 0; count--)
        {
            Damage(store, files[random.Next(files.Length)], random);
        }

        BackupRepository repository = await SampleRepository.OpenAsync(store);
        HashSet<SessionId> lost = [];
        foreach ((SessionId id, int[] disk) in sample.Disks)
        {
            if (!await SampleRepository.ReadsRightAsync(repository, id, disk))
            {
                lost.Add(id);
            }
        }

        VerificationReport report =
            await ByteDamageTests.VerifyAsync(repository, new VerificationOptions { ReadDataPercent = 100 });
        bool isDamaged = files.Any(file => !store[file].AsSpan().SequenceEqual(sample.Store[file]));
        Assert.Equal(isDamaged, report.Damage.Count > 0);
        Assert.Subset(report.Damage.SelectMany(damage => damage.Points).ToHashSet(), lost);
    }

    private static async Task<SampleRepository> ThreePointsAsync(Random random)
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        bool hasDeltas = random.Next(2) == 0;
        int[] disk = [.. Enumerable.Range(0, 40).Select(_ => random.Next(3) == 0 ? 0 : random.Next(30))];
        RestorePoint? parent = null;
        for (int count = 0; count < 3; count++)
        {
            disk = [.. disk];
            disk[random.Next(disk.Length)] = 100 + count;
            parent = hasDeltas ? await deltas.BackUpAsync(disk, parent) : await sample.BackUpAsync(disk, parent);
        }

        return sample;
    }

    private static void Damage(MemoryStore store, BlobName file, Random random)
    {
        byte[] content = [.. store[file]];
        int at = random.Next(Math.Max(content.Length, 1));
        store[file] = content.Length == 0 ? [1] : random.Next(12) switch
        {
            0 => content[..at],
            1 => [.. content[..at], .. new byte[content.Length - at]],
            _ => Flipped(content, at, random),
        };
    }

    private static byte[] Flipped(byte[] content, int at, Random random)
    {
        content[at] ^= (byte)random.Next(1, 256);
        return content;
    }
}
