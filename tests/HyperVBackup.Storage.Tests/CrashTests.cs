using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Storage.Tests;

/// <summary>Every moment at which a process can be killed, and a power loss at every moment that leaves nothing but
/// what was flushed.</summary>
public sealed class CrashTests
{
    private const string Root = "/volume/repo";
    private readonly RecordingFiles disk = new();

    /// <summary>Each blob's content, and after how many operations its put had returned.</summary>
    private readonly Dictionary<string, (byte[] Content, int AnsweredAt)> blobs = [];

    [Fact]
    public async Task A_killed_process_leaves_each_blob_whole_or_absent_and_every_answered_one()
    {
        await WriteHistoryAsync();
        for (int count = 0; count <= disk.OperationCount; count++)
        {
            await AssertWholeAsync(disk.StateAfter(count), count);
        }
    }

    [Fact]
    public async Task A_power_loss_leaves_each_blob_whole_or_absent_and_every_answered_one()
    {
        await WriteHistoryAsync();
        for (int count = 0; count <= disk.OperationCount; count++)
        {
            await AssertWholeAsync(disk.FlushedStateAfter(count), count);
        }
    }

    [Fact]
    public async Task What_is_put_after_a_kill_survives_a_power_loss()
    {
        await WriteHistoryAsync();
        for (int count = 0; count <= disk.OperationCount; count++)
        {
            RecordingFiles killed = disk.StateAfter(count);
            using FolderStore store = new(Root, killed);
            bool isNew = await store.TryPutAsync(new BlobName("packs/ab/x-0"), new byte[] { 1, 2 }, default);
            using FolderStore powered = new(Root, killed.FlushedStateAfter(killed.OperationCount));
            byte[] buffer = new byte[100_000];
            int? length = await powered.TryReadAsync(new BlobName("packs/ab/x-0"), 0, buffer, default);
            Assert.Equal(isNew ? 2 : blobs["packs/ab/x-0"].Content.Length, length);
        }
    }

    [Fact]
    public async Task A_deleted_blob_stays_deleted_after_a_power_loss()
    {
        using FolderStore store = new(Root, disk);
        await store.TryPutAsync(new BlobName("points/a"), new byte[1], default);
        await store.DeleteAsync(new BlobName("points/a"), default);
        using FolderStore powered = new(Root, disk.FlushedStateAfter(disk.OperationCount));
        Assert.Null(await powered.TryGetLengthAsync(new BlobName("points/a"), default));
    }

    [Fact]
    public async Task What_was_mended_survives_a_power_loss_and_one_before_leaves_old_bytes_or_new()
    {
        using FolderStore store = new(Root, disk);
        await store.TryPutAsync(new BlobName("points/a"), new byte[] { 1, 2, 3 }, default);
        int start = disk.OperationCount;
        Assert.True(await store.MendAsync(new BlobName("points/a"), 1, new byte[] { 7, 8, 9 }, default));
        for (int count = start; count <= disk.OperationCount; count++)
        {
            foreach (RecordingFiles crashed in new[] { disk.StateAfter(count), disk.FlushedStateAfter(count) })
            {
                using FolderStore after = new(Root, crashed);
                byte[] buffer = new byte[9];
                int? length = await after.TryReadAsync(new BlobName("points/a"), 0, buffer, default);
                Assert.True(buffer.AsSpan(0, length!.Value).SequenceEqual<byte>([1, 7, 8, 9])
                    || (count < disk.OperationCount && buffer.AsSpan(0, length.Value).SequenceEqual<byte>([1, 2, 3])));
            }
        }
    }

    [Fact]
    public async Task A_name_found_taken_survives_a_power_loss_even_if_its_writer_died_before_the_last_flush()
    {
        await WriteHistoryAsync();
        int renameAt = disk.Operations.ToList().FindIndex(operation =>
            operation.ToPath?.EndsWith("points/a", StringComparison.Ordinal) == true);
        RecordingFiles killed = disk.StateAfter(renameAt + 1);
        using FolderStore store = new(Root, killed);
        Assert.False(await store.TryPutAsync(new BlobName("points/a"), new byte[1], default));
        using FolderStore powered = new(Root, killed.FlushedStateAfter(killed.OperationCount));
        Assert.NotNull(await powered.TryGetLengthAsync(new BlobName("points/a"), default));
    }

    [Fact]
    public async Task A_name_that_was_flushed_survives_a_power_loss_though_its_writer_was_killed_before_it_could()
    {
        await WriteHistoryAsync();
        int renameAt = disk.Operations.ToList().FindIndex(operation =>
            operation.ToPath?.EndsWith("packs/ab/x-1", StringComparison.Ordinal) == true);
        RecordingFiles killed = disk.StateAfter(renameAt + 1);
        using FolderStore store = new(Root, killed);
        await store.FlushNamesAsync(new BlobName("packs/ab/x-9"), default);
        await store.FlushNamesAsync(new BlobName("packs/zz/x-9"), default);
        using FolderStore powered = new(Root, killed.FlushedStateAfter(killed.OperationCount));
        Assert.NotNull(await powered.TryGetLengthAsync(new BlobName("packs/ab/x-1"), default));
    }

    [Fact]
    public async Task A_failure_at_any_operation_is_told_and_leaves_nothing_but_a_temporary_file()
    {
        await WriteHistoryAsync();
        for (int failing = 0; failing < disk.OperationCount; failing++)
        {
            int operation = 0;
            bool isPublished = false;
            RecordingFiles faulty = new();
            faulty.Before = next =>
            {
                if (operation++ == failing)
                {
                    throw new StoreException("first");
                }

                isPublished |= next.Kind == FileOperationKind.Rename;
            };
            using FolderStore store = new(Root, faulty);
            try
            {
                await using IBlobWriter writer = await store.CreateAsync(new BlobName("packs/ab/x-0"), default);
                await writer.AppendAsync(new byte[10], default);
                await writer.TryPublishAsync(default);
            }
            catch (StoreException error)
            {
                Assert.Equal("first", error.Message);
                Assert.Equal(isPublished, faulty.FilePaths.Contains(Root + "/packs/ab/x-0"));
                Assert.Equal(0, faulty.OpenCount);
                continue;
            }

            Assert.True(operation <= failing);
            return;
        }
    }

    private async Task WriteHistoryAsync()
    {
        using FolderStore store = new(Root, disk);
        await PutAsync(store, "repository", 1, 500);
        await PutAsync(store, "packs/ab/x-0", 4, 700);
        await PutAsync(store, "packs/ab/x-1", 3, 70_000);
        await PutAsync(store, "mirror/maps/cd/y-0", 2, 100);
        await PutAsync(store, "points/a", 1, 30);
        await PutAsync(store, "points/b", 0, 0);
        await using (IBlobWriter abandoned = await store.CreateAsync(new BlobName("packs/ab/x-2"), default))
        {
            await abandoned.AppendAsync(new byte[5], default);
        }

        Assert.False(await store.TryPutAsync(new BlobName("points/a"), new byte[9], default));
        await store.DeleteTemporariesAsync(_ => true, default);
    }

    private async Task PutAsync(FolderStore store, string name, int pieceCount, int pieceBytes)
    {
        List<byte> content = [];
        await using IBlobWriter writer = await store.CreateAsync(new BlobName(name), default);
        for (int index = 0; index < pieceCount; index++)
        {
            byte[] piece = new byte[pieceBytes];
            new Random(name.Length + index).NextBytes(piece);
            content.AddRange(piece);
            await writer.AppendAsync(piece, default);
        }

        blobs.Add(name, ([.. content], int.MaxValue));
        Assert.True(await writer.TryPublishAsync(default));
        blobs[name] = ([.. content], disk.OperationCount);
    }

    private async Task AssertWholeAsync(RecordingFiles crashed, int count)
    {
        using FolderStore store = new(Root, crashed);
        HashSet<string> found = [];
        if (crashed.FolderExists(Root))
        {
            await foreach (BlobName name in store.ListAsync("", default))
            {
                byte[] content = new byte[blobs[name.Path].Content.Length + 1];
                int? length = await store.TryReadAsync(name, 0, content, default);
                Assert.Equal(blobs[name.Path].Content, content.Take(length!.Value));
                found.Add(name.Path);
            }
        }

        Assert.Superset(
            blobs.Where(blob => blob.Value.AnsweredAt <= count).Select(blob => blob.Key).ToHashSet(), found);
    }
}
