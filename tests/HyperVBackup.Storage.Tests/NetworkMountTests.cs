using HyperVBackup.Storage.Files;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Storage.Tests;

/// <summary>Where listings may lag behind what other hosts put.</summary>
public sealed class NetworkMountTests
{
    private static readonly string[] Mounts =
    [
        "21 1 253:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
        "36 21 0:30 / /mnt/a rw,relatime - fuse.sshfs host:/x rw,user_id=0",
        "37 21 0:31 / /mnt/a/b rw master:2 propagate_from:1 - fuseblk /dev/sdb rw",
        @"38 21 0:32 / /mnt/with\040blank rw - nfs4 host:/y rw",
        "39 21 0:33 / /mnt/over rw - fuse.first x rw",
        "40 39 0:34 / /mnt/over rw - fuse.second x rw",
        "nonsense",
        "41 21 0:35 / /mnt/short -",
    ];

    [Theory]
    [InlineData("/srv", "ext4")]
    [InlineData("/mnt/a", "fuse.sshfs")]
    [InlineData("/mnt/a/repository", "fuse.sshfs")]
    [InlineData("/mnt/ab", "ext4")]
    [InlineData("/mnt/a/b/c", "fuseblk")]
    [InlineData("/mnt/with blank/x", "nfs4")]
    [InlineData("/mnt/over", "fuse.second")]
    public void A_folder_lies_on_the_mount_with_the_longest_point(string folder, string type) =>
        Assert.Equal(type, NetworkMount.TypeIn(Mounts, folder));

    [Fact]
    public async Task A_local_folder_and_a_file_system_in_memory_show_names_at_once()
    {
        using TemporaryFolder folder = new();
        Assert.Null(await new FolderStore(folder.Path).FindListingDoubtAsync(default));
        using SmallFileSystem small = new(1 << 20);
        Assert.SkipUnless(small.IsMounted, "mounting is not permitted");
        Assert.Null(await new FolderStore(small.Path).FindListingDoubtAsync(default));
    }

    [Fact]
    public async Task A_network_mount_served_by_a_program_may_show_names_late()
    {
        using FuseMount mount = new("sshfs");
        Assert.SkipUnless(mount.IsMounted, "mounting is not permitted");
        Assert.Equal("FUSE (fuse.sshfs)", NetworkMount.Find(mount.Path));
        RecordingFiles disk = new() { NetworkMount = NetworkMount.Find(mount.Path) };
        using FolderStore store = new("/repo", disk);
        await store.TryPutAsync(new BlobName("a"), new byte[1], default);
        string? doubt = await store.FindListingDoubtAsync(default);
        Assert.Contains("'/repo' is a network mount (FUSE (fuse.sshfs))", doubt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_no_local_one()
    {
        using TemporaryFolder folder = new();
        FolderStore store = new(Path.Join(folder.Path, "missing"));
        await Assert.ThrowsAsync<StoreException>(async () => await store.FindListingDoubtAsync(default));
        Assert.Throws<StoreException>(() => NetworkMount.Find(Path.Join(folder.Path, "missing")));
    }
}
