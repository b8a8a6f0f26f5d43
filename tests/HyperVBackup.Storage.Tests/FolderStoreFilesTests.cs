using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Storage.Tests;

/// <summary>How a folder store uses its files: what it keeps open, passes over and refuses.</summary>
public sealed class FolderStoreFilesTests
{
    private readonly RecordingFiles disk = new();

    [Fact]
    public async Task Many_small_reads_from_a_pack_open_it_once()
    {
        using FolderStore store = new("/repo", disk);
        await store.TryPutAsync(new BlobName("packs/a"), new byte[1_000_000], default);
        for (int index = 0; index < 1000; index++)
        {
            await store.TryReadAsync(new BlobName("packs/a"), index * 1000, new byte[1000], default);
        }

        Assert.Equal(1, disk.OpenedCount);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1_000_000)]
    public async Task A_file_that_is_open_and_cannot_be_read_any_more_is_opened_anew(int lengthBytes)
    {
        StaleFiles files = new(disk);
        using FolderStore store = new("/repo", files);
        BlobName name = new("packs/a");
        await store.TryPutAsync(name, new byte[lengthBytes], default);
        Assert.Equal(5, await store.TryReadAsync(name, 0, new byte[5], default));
        files.GoodFrom = disk.OpenedCount + 1;
        Assert.Equal(5, await store.TryReadAsync(name, 0, new byte[5], default));
        files.GoodFrom = int.MaxValue;
        await Assert.ThrowsAsync<StoreException>(() => store.TryReadAsync(name, 0, new byte[5], default).AsTask());
        Assert.Equal(0, disk.OpenCount);
        files.GoodFrom = 0;
        Assert.Equal(5, await store.TryReadAsync(name, 0, new byte[5], default));
    }

    [Fact]
    public async Task A_folder_whose_flush_failed_is_changed_before_it_is_flushed_again()
    {
        using FolderStore store = new("/repo", disk);
        await store.TryPutAsync(new BlobName("points/a"), new byte[10], default);
        bool isBroken = true;
        disk.Before = operation => Fail(
            isBroken && operation is { Kind: FileOperationKind.FlushFolder, Path: "/repo/points" });
        await Assert.ThrowsAsync<StoreException>(
            () => store.TryPutAsync(new BlobName("points/b"), new byte[1], default));
        await Assert.ThrowsAsync<StoreException>(() => store.FlushNamesAsync(new BlobName("points/b"), default));
        isBroken = false;
        FileOperationKind[] changed =
            [FileOperationKind.Create, FileOperationKind.Delete, FileOperationKind.FlushFolder];
        foreach (IEnumerable<FileOperationKind> expected in (FileOperationKind[][])[changed, changed[2..]])
        {
            int before = disk.OperationCount;
            Assert.False(await store.TryPutAsync(new BlobName("points/b"), new byte[1], default));
            Assert.Equal(expected, disk.Operations.Skip(before)
                .Where(operation => Path.GetDirectoryName(operation.Path) == "/repo/points"
                    || operation.Path == "/repo/points")
                .Select(operation => operation.Kind));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_root_that_vanished_is_never_made_again(bool isRead)
    {
        using TestFolder folder = new();
        string root = folder.File("mount/repository");
        using (FolderStore first = new(root))
        {
            await first.TryPutAsync(new BlobName("packs/a"), new byte[10], default);
        }

        using FolderStore store = new(root);
        _ = isRead
            ? await store.TryReadAsync(new BlobName("packs/a"), 0, new byte[5], default) > 0
            : await store.TryPutAsync(new BlobName("packs/b"), new byte[10], default);
        Directory.Move(root, root + "-elsewhere");

        foreach (string name in (string[])["packs/c", "maps/d", "points/e"])
        {
            StoreException error = await Assert.ThrowsAsync<StoreException>(
                () => store.TryPutAsync(new BlobName(name), new byte[10], default));
            Assert.Contains(root, error.Message, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(root));
    }

    [Fact]
    public async Task At_most_64_files_are_kept_open_and_all_are_closed_at_the_end()
    {
        using (FolderStore store = new("/repo", disk))
        {
            for (int index = 0; index < 100; index++)
            {
                await store.TryPutAsync(new BlobName($"packs/{index}"), new byte[100_000], default);
                await store.TryReadAsync(new BlobName($"packs/{index}"), 0, new byte[10], default);
            }

            Assert.Equal(64, disk.OpenCount);
            await store.TryReadAsync(new BlobName("packs/99"), 0, new byte[10], default);
            await store.TryReadAsync(new BlobName("packs/36"), 0, new byte[10], default);
            Assert.Equal(100, disk.OpenedCount);
        }

        Assert.Equal(0, disk.OpenCount);
    }

    [Fact]
    public async Task A_blob_that_another_process_deleted_is_missing_at_once()
    {
        using FolderStore reader = new("/repo", disk);
        using FolderStore other = new("/repo", disk);
        foreach (int lengthBytes in new[] { 10, 100_000 })
        {
            BlobName name = new("points/a");
            await other.TryPutAsync(name, new byte[lengthBytes], default);
            Assert.Equal(5, await reader.TryReadAsync(name, 0, new byte[5], default));
            await other.DeleteAsync(name, default);
            Assert.Null(await reader.TryReadAsync(name, 0, new byte[5], default));
        }

        Assert.Equal(0, disk.OpenCount);
    }

    [Fact]
    public async Task A_missing_repository_folder_is_no_empty_repository()
    {
        using FolderStore store = new("/gone", disk);
        BlobName name = new("points/a");
        foreach (Func<Task> read in new Func<Task>[]
        {
            () => store.TryGetLengthAsync(name, default).AsTask(),
            () => store.TryReadAsync(name, 0, new byte[1], default).AsTask(),
            () => store.ListAsync("points/", default).AnyAsync().AsTask(),
            () => store.DeleteAsync(name, default),
            () => store.DeleteTemporariesAsync(_ => true, default),
        })
        {
            StoreException error = await Assert.ThrowsAsync<StoreException>(read);
            Assert.StartsWith("The repository folder '/gone' does not exist", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, disk.OperationCount);
    }

    [Fact]
    public async Task Foreign_files_in_the_folder_are_passed_over()
    {
        using TemporaryFolder folder = new();
        using FolderStore store = new(folder.Path);
        await store.TryPutAsync(new BlobName("points/a"), new byte[1], default);
        Directory.CreateDirectory(Path.Join(folder.Path, "lost+found"));
        string[] foreigners =
            ["Thumbs.db", "points/.DS_Store", "points/.tmp-", "lost+found/x", ".tmp/x", ".tmp/x+~1"];
        foreach (string foreign in foreigners)
        {
            await File.WriteAllTextAsync(Path.Join(folder.Path, foreign), "x", TestContext.Current.CancellationToken);
        }

        Assert.Equal([new BlobName("points/a")], await store.ListAsync("", default).ToArrayAsync());
        await store.DeleteTemporariesAsync(_ => true, default);
        Assert.Equal(2, Directory.GetFiles(Path.Join(folder.Path, ".tmp")).Length);
        Assert.True(File.Exists(Path.Join(folder.Path, "points/.tmp-")));
    }

    [Fact]
    public async Task Temporaries_are_found_by_one_listing_however_many_folders_there_are()
    {
        using FolderStore store = new("/repo", disk);
        for (int index = 0; index < 200; index++)
        {
            await store.TryPutAsync(new BlobName($"packs/{index}/a"), new byte[1], default);
        }

        await using IBlobWriter abandoned = await store.CreateAsync(new BlobName("packs/7/a-b_c.d-0"), default);
        int listedCountBefore = disk.ListedCount;
        List<BlobName> asked = [];
        await store.DeleteTemporariesAsync(
            name =>
            {
                asked.Add(name);
                return true;
            },
            default);
        Assert.Equal([new BlobName("packs/7/a-b_c.d-0")], asked);
        Assert.Equal(1, disk.ListedCount - listedCountBefore);
        await Assert.ThrowsAsync<StoreException>(() => abandoned.TryPublishAsync(default));
    }

    [Fact]
    public async Task The_longest_blob_name_has_a_temporary_name_that_a_file_system_takes()
    {
        using TemporaryFolder folder = new();
        using FolderStore store = new(folder.Path);
        BlobName longest = new("packs/" + new string('x', BlobName.LengthMax - "packs/".Length));
        await using (IBlobWriter writer = await store.CreateAsync(longest, default))
        {
            List<BlobName> asked = [];
            await store.DeleteTemporariesAsync(
                name =>
                {
                    asked.Add(name);
                    return false;
                },
                default);
            Assert.Equal([longest], asked);
        }
    }

    [Fact]
    public async Task A_read_that_meets_the_end_of_a_short_read_goes_on()
    {
        disk.ReadBytesMax = 7;
        using FolderStore store = new("/repo", disk);
        byte[] content = [.. Enumerable.Range(0, 100).Select(index => (byte)index)];
        await store.TryPutAsync(new BlobName("a"), content, default);
        byte[] buffer = new byte[60];
        Assert.Equal(60, await store.TryReadAsync(new BlobName("a"), 3, buffer, default));
        Assert.Equal(content[3..63], buffer);
    }

    private static void Fail(bool isBad)
    {
        if (isBad)
        {
            throw new StoreException("The disk is worn out.");
        }
    }
}
