using Xunit;

namespace HyperVBackup.Storage.Tests;

/// <summary>System calls that fail, in a process under strace. None may pass for success or for absence.</summary>
public sealed class SystemFailureTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly FolderStore store;

    public SystemFailureTests() => store = new FolderStore(folder.Path);

    public void Dispose()
    {
        store.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_failed_flush_of_the_file_is_noticed_and_nothing_is_published()
    {
        ProcessResult result = await PutAsync("-e", "inject=fsync:error=EIO");
        AssertFailed(result, "Cannot flush '", "Input/output error");
        Assert.Null(await store.TryGetLengthAsync(new BlobName("points/b"), default));
        Assert.Empty(Temporaries());
    }

    [Fact]
    public async Task A_failed_flush_of_the_folder_is_noticed()
    {
        ProcessResult result = await PutAsync("-P", PathOf("points"), "-e", "inject=fsync:error=EIO");
        AssertFailed(result, $"Cannot flush the folder '{PathOf("points")}'", "Input/output error");
    }

    [Fact]
    public async Task A_failed_flush_of_a_new_folders_parent_is_noticed_and_nothing_is_published()
    {
        string[] faults = ["-P", folder.Path, "-e", "inject=fsync:error=EIO"];
        ProcessResult result = await TraceAsync(faults, "put", "leases/b", "5");
        AssertFailed(result, $"Cannot flush the folder '{folder.Path}'", "Input/output error");
        Assert.Null(await store.TryGetLengthAsync(new BlobName("leases/b"), default));
    }

    [Fact]
    public async Task A_failed_flush_after_a_delete_is_noticed()
    {
        ProcessResult result = await TraceAsync(["-e", "inject=fsync:error=EIO"], "delete", "points/a");
        AssertFailed(result, $"Cannot flush the folder '{PathOf("points")}'", "Input/output error");
    }

    [Fact]
    public async Task A_failed_flush_after_mending_is_noticed()
    {
        string[] faults = ["-P", PathOf("points/a"), "-e", "inject=fsync:error=EIO"];
        AssertFailed(await TraceAsync(faults, "mend", "points/a", "0"), "Cannot flush '", "Input/output error");
    }

    [Fact]
    public async Task A_file_that_cannot_be_opened_for_mending_is_not_taken_for_one_that_is_not_there()
    {
        string[] faults = ["-P", PathOf("points/a"), "-e", "inject=openat:error=EROFS"];
        AssertFailed(await TraceAsync(faults, "mend", "points/a", "0"), "Cannot open '", "Read-only file system");
    }

    [Fact]
    public async Task A_flush_interrupted_by_a_signal_is_made_again()
    {
        ProcessResult result = await PutAsync("-e", "inject=fsync,renameat2:error=EINTR:when=1");
        Assert.Equal(new ProcessResult(0, "published", ""), result);
    }

    [Fact]
    public async Task A_full_disk_is_said_in_one_sentence_and_nothing_is_published()
    {
        ProcessResult result = await PutAsync("-e", "inject=pwrite64:error=ENOSPC:when=3+");
        AssertFailed(result, "Cannot write to '", "No space left on device; free some space there and run again.");
        Assert.Null(await store.TryGetLengthAsync(new BlobName("points/b"), default));
        Assert.Empty(Temporaries());
    }

    [Fact]
    public async Task The_disk_begins_to_take_a_large_file_while_more_is_written()
    {
        string[] killed = ["-e", "inject=sync_file_range:signal=KILL"];
        Assert.Equal("published", (await PutAsync(killed)).Output); // a small one it takes at once
        ProcessResult result = await TraceAsync(killed, "put", "points/c", "9000000");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Single(Temporaries());
    }

    [Fact]
    public async Task Where_the_disk_cannot_begin_the_flush_at_the_end_takes_all()
    {
        string[] fault = ["-e", "inject=sync_file_range:error=EIO"];
        ProcessResult result = await TraceAsync(fault, "put", "points/c", "9000000");
        Assert.Equal(new ProcessResult(0, "published", ""), result);
        Assert.Equal(9_000_000, await store.TryGetLengthAsync(new BlobName("points/c"), default));
    }

    [Theory]
    [InlineData("EINVAL")]
    [InlineData("ENOSYS")]
    [InlineData("EOPNOTSUPP")]
    public async Task A_file_system_that_cannot_rename_without_replacing_links(string error)
    {
        string[] faults = ["-e", $"inject=renameat2:error={error}"];
        Assert.Equal("published", (await PutAsync(faults)).Output);
        Assert.Equal(200_000, await store.TryGetLengthAsync(new BlobName("points/b"), default));
        Assert.Equal("taken", (await TraceAsync(faults, "put", "points/a", "5")).Output);
        Assert.Equal(1, await store.TryGetLengthAsync(new BlobName("points/a"), default));
        Assert.Empty(Temporaries());
    }

    [Fact]
    public async Task A_file_system_that_can_do_neither_is_refused()
    {
        ProcessResult result = await PutAsync(
            "-e", "inject=renameat2:error=EINVAL", "-e", "inject=link,linkat:error=EPERM");
        AssertFailed(result, "this file system cannot rename without replacing", "Operation not permitted");
        Assert.Null(await store.TryGetLengthAsync(new BlobName("points/b"), default));
        Assert.Empty(Temporaries());
    }

    [Theory]
    [InlineData("length", "inject=%%stat:error=EIO", "points/a", "points/a")]
    [InlineData("read", "inject=%%stat:error=EACCES", "points/a", "points/a")]
    [InlineData("read", "inject=openat:error=EACCES", "points/a", "points/a")]
    [InlineData("read", "inject=openat:error=EMFILE", "points/a", "points/a")]
    [InlineData("read", "inject=pread64:error=EIO", "points/a", "points/a")]
    [InlineData("list", "inject=openat:error=EACCES", "points/", "points")]
    [InlineData("list", "inject=getdents64:error=EIO", "points/", "points")]
    [InlineData("delete", "inject=unlink,unlinkat:error=EACCES", "points/a", "points/a")]
    public async Task An_error_never_passes_for_absence(string verb, string fault, string name, string failing)
    {
        ProcessResult result = await TraceAsync(["-P", PathOf(failing), "-e", fault], verb, name);
        AssertFailed(result, "Cannot ", PathOf(failing));
    }

    [Fact]
    public async Task A_writer_killed_before_the_rename_leaves_a_temporary_file_only()
    {
        ProcessResult result = await PutAsync("-e", "inject=renameat2:error=EIO:signal=KILL");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Null(await store.TryGetLengthAsync(new BlobName("points/b"), default));
        Assert.Single(Temporaries());
        await store.DeleteTemporariesAsync(name => name.Path == "points/b", default);
        Assert.Empty(Temporaries());
    }

    [Fact]
    public async Task A_folder_of_the_repository_on_another_file_system_is_said_in_one_sentence()
    {
        ProcessResult result = await PutAsync("-e", "inject=renameat2:error=EXDEV");
        AssertFailed(result, $"Cannot rename to '{PathOf("points/b")}'", "must lie on one file system.");
        Assert.Null(await store.TryGetLengthAsync(new BlobName("points/b"), default));
        Assert.Empty(Temporaries());
    }

    [Fact]
    public async Task A_file_system_mounted_inside_the_repository_is_refused_and_stays_empty()
    {
        using SmallFileSystem points = new(sizeBytes: 512 * 1024, subfolder: "points");
        Assert.SkipUnless(points.IsMounted, "mounting is not permitted");
        using FolderStore outer = new(points.Folder);
        Assert.True(await outer.TryPutAsync(new BlobName("repository"), new byte[10], default));
        StoreException error = await Assert.ThrowsAsync<StoreException>(
            () => outer.TryPutAsync(new BlobName("points/a"), new byte[10], default));
        Assert.EndsWith("; all folders of a repository must lie on one file system.", error.Message,
            StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(points.Path));
    }

    [Fact]
    public async Task A_durable_file_whose_flush_fails_is_not_published()
    {
        Assert.SkipUnless(StoreProcess.HasStrace, "strace is not installed");
        string path = PathOf("restored.vhdx");
        ProcessResult result = await StoreProcess.RunTracedAsync(["-e", "inject=fsync:error=EIO"], "durable", path);
        AssertFailed(result, $"Cannot flush '{path}'", "Input/output error");
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public async Task A_small_file_system_filled_up_gives_the_sentence_and_keeps_what_was_published()
    {
        using SmallFileSystem small = new(sizeBytes: 512 * 1024);
        Assert.SkipUnless(small.IsMounted, "mounting is not permitted");
        using FolderStore full = new(small.Path);
        Assert.True(await full.TryPutAsync(new BlobName("a"), new byte[300_000], default));
        StoreException error = await Assert.ThrowsAsync<StoreException>(
            () => full.TryPutAsync(new BlobName("b"), new byte[300_000], default));
        Assert.Contains("No space left on device; free some space there", error.Message, StringComparison.Ordinal);
        Assert.Equal(["a"], Directory.GetFiles(small.Path, "*", SearchOption.AllDirectories).Select(Path.GetFileName));
        Assert.Equal(300_000, await full.TryGetLengthAsync(new BlobName("a"), default));
    }

    private Task<ProcessResult> PutAsync(params string[] strace) => TraceAsync(strace, "put", "points/b", "200000");

    private async Task<ProcessResult> TraceAsync(string[] strace, string verb, params string[] arguments)
    {
        Assert.SkipUnless(StoreProcess.HasStrace, "strace is not installed");
        Assert.True(await store.TryPutAsync(new BlobName("points/a"), new byte[1], default)
            || File.Exists(PathOf("points/a")));
        return await StoreProcess.RunTracedAsync(strace, [verb, folder.Path, .. arguments]);
    }

    private string PathOf(string name) => Path.Join(folder.Path, name);

    private IEnumerable<string> Temporaries() =>
        Directory.EnumerateFiles(folder.Path, "*~*", SearchOption.AllDirectories);

    private static void AssertFailed(ProcessResult result, params string[] parts)
    {
        Assert.Equal(1, result.ExitCode);
        Assert.DoesNotContain('\n', result.Error);
        Assert.EndsWith(".", result.Error, StringComparison.Ordinal);
        foreach (string part in parts)
        {
            Assert.Contains(part, result.Error, StringComparison.Ordinal);
        }
    }
}
