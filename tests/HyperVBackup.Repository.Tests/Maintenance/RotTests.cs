using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance;

/// <summary>
/// What `verify` tells of each kind of file, and at which level. All bytes of settings, points and packs are flipped by
/// <see cref="ByteDamageTests"/>; here those of all other kinds are, and every file of every kind is cut, emptied,
/// deleted, swapped with another of its kind and found twice. Files never change, so an older one under a name is one
/// of another name. Whatever happens, no restore gives wrong bytes.
/// </summary>
public sealed class RotTests
{
    /// <summary>Whether losing a file of a kind is told: what may go at any time by design is not missed.</summary>
    private static readonly Dictionary<string, bool> IsMissed = new()
    {
        ["repository"] = true,
        ["mirror/repository"] = true,
        ["points"] = true,
        ["mirror/points"] = true,
        ["packs"] = true,
        ["maps"] = true,
        ["mirror/maps"] = true,
        ["leases"] = false,
        ["signs"] = false,
        ["pruned"] = false,
        ["pins"] = false,
        ["condemned"] = true,
        ["retired"] = false, // without it the collection is undecided
        ["mirror/condemned"] = false, // a stand-in alone
        ["mirror/retired"] = false,
        ["verified"] = false,
        ["damaged"] = false,
    };

    [Fact]
    public async Task Files_of_every_kind_are_there() => Assert.Equal(
        IsMissed.Keys.Order(StringComparer.Ordinal),
        (await RotSample.CreateAsync()).Store.Names.Select(KindOf).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public async Task Nothing_is_told_of_sound_files() =>
        Assert.Empty(await ToldAsync(RotSample.ReadOnly((await RotSample.CreateAsync()).Store), 100));

    [Fact]
    public async Task Every_flipped_byte_of_the_small_files_is_told_without_reading_data()
    {
        SampleRepository sample = await RotSample.CreateAsync();
        string[] others = ["repository", "points", "packs", "maps"];
        BlobName[] files = [.. sample.Store.Names.GroupBy(KindOf).Select(kind => kind.First())
            .Where(name => !others.Contains(KindOf(name).Replace("mirror/", "", StringComparison.Ordinal)))];
        Assert.Equal(10, files.Length);
        MemoryStore store = RotSample.ReadOnly(sample.Store);
        foreach (BlobName file in files)
        {
            for (int at = 0; at < store[file].Length; at++)
            {
                store[file][at] ^= (byte)(1 << (at % 8));
                Assert.Equal((file.Path, 0L), Assert.Single(await ToldAsync(store, 0)));
                store[file][at] ^= (byte)(1 << (at % 8));
            }
        }
    }

    /// <summary>Only the records of a chunk pack need to be read for that.</summary>
    [Fact]
    public async Task Each_part_of_a_pack_is_told_at_its_level_and_at_its_offset()
    {
        SampleRepository sample = await RotSample.CreateAsync();
        MemoryStore store = RotSample.ReadOnly(sample.Store);
        foreach (BlobName file in sample.NamesIn("packs/"))
        {
            Assert.True(PackName.TryParse(file.Path, out PackName name));
            PackFile pack = (await PackFile.TryOpenAsync(store, sample.Repository.Id, name, file.Path, default))!;
            for (int at = 0; at < pack.LengthBytes; at += at < FileHeader.SizeBytes ? 31 : 17)
            {
                bool isRecord = at >= FileHeader.SizeBytes && at < pack.Trailer.PageSectionStartBytes;
                store[file][at] ^= 1;
                List<(string File, long OffsetBytes)> told = await ToldAsync(store, 0);
                Assert.Equal(isRecord, told.Count == 0);
                told = isRecord ? await ToldAsync(store, 100) : told;
                Assert.Equal((file.Path, OffsetOf(pack, at)), Assert.Single(told));
                store[file][at] ^= 1;
            }
        }
    }

    [Fact]
    public async Task Files_cut_emptied_deleted_swapped_or_found_twice_are_told_without_reading_data()
    {
        SampleRepository sample = await RotSample.CreateAsync();
        foreach (BlobName file in sample.Store.Names)
        {
            byte[] content = sample.Store[file];
            int[] lengths = [0, 1, 143, 144, 144 + 71, content.Length / 2, content.Length - 1];
            foreach (int length in lengths)
            {
                await RequireToldAsync(sample, file, content[..Math.Min(length, content.Length - 1)], isTold: true);
            }

            await RequireToldAsync(sample, file, [.. content, 0], isTold: true);
            await RequireToldAsync(sample, file, null, IsMissed[KindOf(file)]);
            BlobName other = sample.Store.Names.FirstOrDefault(
                name => name != file && KindOf(name) == KindOf(file), OtherCopyOf(file));
            await RequireToldAsync(sample, file, sample.Store[other], isTold: true);
            if (CopyNameOf(file) is BlobName copy)
            {
                await RequireToldAsync(sample, copy, content, isTold: true);
            }
        }
    }

    private static async Task RequireToldAsync(
        SampleRepository sample, BlobName file, byte[]? content, bool isTold)
    {
        MemoryStore store = sample.Store.Copy();
        await store.DeleteAsync(file, default);
        if (content is not null)
        {
            store[file] = content;
        }

        RotSample.ReadOnly(store);
        List<(string File, long)> told = await ToldAsync(store, 0);
        Assert.True(
            isTold == told.Exists(one => one.File == file.Path),
            $"{file} with {content?.Length} bytes: told were {string.Join(", ", told)}");
        BackupRepository repository = await SampleRepository.OpenAsync(store);
        foreach ((SessionId point, int[] disk) in sample.Disks)
        {
            await SampleRepository.ReadsRightAsync(repository, point, disk); // right bytes, or it says that it cannot
        }
    }

    private static async Task<List<(string File, long OffsetBytes)>> ToldAsync(MemoryStore store, double percent)
    {
        VerificationReport report = await ByteDamageTests.VerifyAsync(
            await SampleRepository.OpenAsync(store), new VerificationOptions { ReadDataPercent = percent });
        return [.. report.Damage.Select(damage => (damage.File, damage.OffsetBytes))];
    }

    private static long OffsetOf(PackFile pack, int at)
    {
        for (int index = 0; index < pack.Table.Count; index++)
        {
            PackEntry entry = pack.Table[index];
            if (at >= entry.OffsetBytes && at < entry.OffsetBytes + entry.LengthBytes)
            {
                return entry.OffsetBytes;
            }
        }

        long[] starts =
        [
            0, pack.Trailer.PageSectionStartBytes, pack.Trailer.RecipeSectionStartBytes,
            pack.Trailer.TableStartBytes, pack.LengthBytes - PackTrailer.SizeBytes,
        ];
        return starts.Last(start => start <= at);
    }

    private static string KindOf(BlobName name)
    {
        string[] parts = name.Path.Split('/');
        return parts[0] == "mirror" ? $"mirror/{parts[1]}" : parts[0];
    }

    private static BlobName OtherCopyOf(BlobName name) => new(
        name.Path.StartsWith("mirror/", StringComparison.Ordinal) ? name.Path[7..] : "mirror/" + name.Path);

    /// <summary>Another name that a file of the kind might have; none for what has one name only, or is looked at only
    /// beside a first copy.</summary>
    private static BlobName? CopyNameOf(BlobName file)
    {
        return KindOf(file) switch
        {
            "repository" or "mirror/repository" or "mirror/condemned" or "mirror/retired" => null,
            "condemned" or "retired" => new BlobName(file.Path[..^1] + "2"),
            "packs" or "maps" or "mirror/maps" or "signs" => new BlobName(file.Path + "7"),
            _ => new BlobName(file.Path[..^26] + SwapFirst(file.Path[^26..])),
        };
    }

    private static string SwapFirst(string id) => (id[0] == 'a' ? 'b' : 'a') + id[1..];
}
