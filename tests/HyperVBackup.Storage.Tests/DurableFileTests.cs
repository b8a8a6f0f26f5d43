using Xunit;

namespace HyperVBackup.Storage.Tests;

public sealed class DurableFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string FinalPath => Path.Join(folder.Path, "disk.vhdx");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_appears_only_when_published()
    {
        using DurableFile file = Write("new");
        Assert.False(File.Exists(FinalPath));
        Assert.Single(Directory.GetFiles(folder.Path));
        Assert.True(file.TryPublish());
        Assert.Equal("new", File.ReadAllText(FinalPath));
        Assert.Single(Directory.GetFiles(folder.Path));
        file.Dispose();
        Assert.True(File.Exists(FinalPath));
    }

    [Fact]
    public void Beginning_to_flush_changes_nothing_that_is_written()
    {
        using DurableFile file = Write("first");
        file.BeginFlush();
        RandomAccess.Write(file.Handle, "last"u8, 1 << 20);
        file.BeginFlush();
        Assert.True(file.TryPublish());
        byte[] bytes = File.ReadAllBytes(FinalPath);
        Assert.Equal("first"u8, bytes.AsSpan(0, 5));
        Assert.Equal("last"u8, bytes.AsSpan(1 << 20));
    }

    [Fact]
    public void A_file_that_is_there_is_not_replaced()
    {
        File.WriteAllText(FinalPath, "old");
        using (DurableFile file = Write("new"))
        {
            Assert.False(file.TryPublish());
        }

        Assert.Equal("old", File.ReadAllText(FinalPath));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_file_is_replaced_without_waiting_for_the_disk_where_asked()
    {
        File.WriteAllText(FinalPath, "old");
        using (DurableFile file = Write("new"))
        {
            file.Replace();
        }

        Assert.Equal("new", File.ReadAllText(FinalPath));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_file_is_replaced_where_asked()
    {
        File.WriteAllText(FinalPath, "old");
        using DurableFile file = Write("new");
        file.PublishReplacing();
        Assert.Equal("new", File.ReadAllText(FinalPath));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void An_unpublished_file_leaves_nothing()
    {
        Write("new").Dispose();
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_name_as_long_as_the_file_system_allows_is_published()
    {
        string path = Path.Join(folder.Path, new string('ü', 127));
        using DurableFile file = DurableFile.Create(path);
        Assert.True(file.TryPublish());
        Assert.True(File.Exists(path));
    }

    [Fact]
    public void A_missing_folder_is_said_in_one_sentence()
    {
        string path = Path.Join(folder.Path, "missing", "disk.vhdx");
        StoreException error = Assert.Throws<StoreException>(() => DurableFile.Create(path));
        Assert.Equal($"Cannot create '{path}': No such file or directory.", error.Message);
        error = Assert.Throws<StoreException>(() => DurableFile.FlushFolder(Path.GetDirectoryName(path)!));
        Assert.Contains("No such file or directory", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Renaming_never_replaces_unless_asked()
    {
        string from = Path.Join(folder.Path, "from");
        File.WriteAllText(from, "new");
        File.WriteAllText(FinalPath, "old");
        Assert.False(DurableFile.TryRename(from, FinalPath));
        Assert.Equal("old", File.ReadAllText(FinalPath));
        DurableFile.RenameReplacing(from, FinalPath);
        Assert.Equal("new", File.ReadAllText(FinalPath));
        Assert.False(File.Exists(from));
        Assert.Throws<StoreException>(() => DurableFile.TryRename(from, FinalPath + "2"));
    }

    private DurableFile Write(string text)
    {
        DurableFile file = DurableFile.Create(FinalPath);
        RandomAccess.Write(file.Handle, System.Text.Encoding.ASCII.GetBytes(text), 0);
        file.Flush();
        return file;
    }
}
