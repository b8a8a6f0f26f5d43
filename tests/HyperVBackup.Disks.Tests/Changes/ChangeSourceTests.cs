using System.Text;
using HyperVBackup.Disks.Changes;
using Xunit;

namespace HyperVBackup.Disks.Tests.Changes;

public sealed class ChangeSourceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("hvbackup-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(0, 8192, true)]
    [InlineData(4096, 4096, true)]
    [InlineData(8192, 0, true)]
    [InlineData(4096, 4097, false)]
    [InlineData(8192, 1, false)]
    [InlineData(8193, 0, false)]
    public void A_range_past_the_end_of_the_disk_is_lost(long offsetBytes, long lengthBytes, bool isInside)
    {
        RangesFileSource source = Source(
            $$"""{"since":"a","id":"b","ranges":[{"offset":{{offsetBytes}},"length":{{lengthBytes}}}]}""", 8192);
        using IDiskView view = source.Open();

        Assert.Equal(isInside, view.Changes is DiskChanges.Known);
        Assert.Equal("b", view.Seal());
    }

    [Fact]
    public void A_lost_file_stays_lost_whatever_the_disk()
    {
        using IDiskView view = Source("{", 8192).Open();

        Assert.IsType<DiskChanges.Lost>(view.Changes);
        Assert.Null(view.Seal());
    }

    [Fact]
    public void A_source_without_tracking_is_lost_and_records_no_id()
    {
        var source = new UntrackedSource(() => new MemoryDisk(8192));
        using IDiskView view = source.Open();

        Assert.Null(source.Since);
        Assert.Equal("no change tracking was given", Assert.IsType<DiskChanges.Lost>(view.Changes).Reason);
        Assert.Null(view.Seal());
    }

    [Fact]
    public void A_ranges_file_is_loaded_from_its_path()
    {
        string path = Path.Combine(folder, "changes.json");
        File.WriteAllText(path, """{"since":"a","id":"b","ranges":[]}""");

        RangesFileSource source = RangesFileSource.Load(path, () => new MemoryDisk(1));

        Assert.Equal("a", source.Since);
        Assert.Equal(path, source.Description);
    }

    [Fact]
    public void A_ranges_file_that_is_not_there_is_an_error_that_names_it()
    {
        string path = Path.Combine(folder, "missing.json");

        var error = Assert.Throws<DiskImageException>(() => RangesFileSource.Load(path, () => new MemoryDisk(1)));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_in_place_of_a_ranges_file_is_an_error_that_names_it()
    {
        var error = Assert.Throws<DiskImageException>(() => RangesFileSource.Load(folder, () => new MemoryDisk(1)));

        Assert.Contains(folder, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_view_owns_the_disk()
    {
        var disk = new MemoryDisk(1);
        new UntrackedSource(() => disk).Open().Dispose();

        Assert.True(disk.IsDisposed);
    }

    [Fact]
    public void A_view_is_sealed_once_then_confirmed_once()
    {
        using IDiskView view = new UntrackedSource(() => new MemoryDisk(1)).Open();

        Assert.Throws<InvalidOperationException>(view.Confirm);
        view.Seal();
        Assert.Throws<InvalidOperationException>(() => view.Seal());
        view.Confirm();
        Assert.Throws<InvalidOperationException>(view.Confirm);
        Assert.Throws<InvalidOperationException>(view.Abandon);
    }

    [Fact]
    public void An_abandoned_view_stays_abandoned()
    {
        using IDiskView view = new UntrackedSource(() => new MemoryDisk(1)).Open();

        view.Seal();
        view.Abandon();
        view.Abandon();
        Assert.Throws<InvalidOperationException>(view.Confirm);
    }

    private static RangesFileSource Source(string json, long virtualSizeBytes) => new(
        "changes.json",
        RangesFile.Read(new MemoryStream(Encoding.UTF8.GetBytes(json))),
        () => new MemoryDisk(virtualSizeBytes));
}
