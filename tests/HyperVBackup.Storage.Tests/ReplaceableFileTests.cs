using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Storage.Tests;

public sealed class ReplaceableFileTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void All_bytes_are_read(int lengthBytes)
    {
        byte[] bytes = [.. Enumerable.Range(0, lengthBytes).Select(number => unchecked((byte)(number * 7)))];
        File.WriteAllBytes(FilePath, bytes);
        Assert.Equal(bytes, ReplaceableFile.Read(FilePath, 1000));
    }

    [Fact]
    public void What_is_longer_than_it_may_be_or_missing_is_refused()
    {
        Assert.Throws<FileNotFoundException>(() => ReplaceableFile.Read(FilePath, 1000));
        File.WriteAllBytes(FilePath, new byte[1001]);
        Assert.Throws<IOException>(() => ReplaceableFile.Read(FilePath, 1000));
    }

    private string FilePath => folder.File("file");
}
