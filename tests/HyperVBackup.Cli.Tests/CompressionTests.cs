using System.Text;
using System.Text.Json;
using Xunit;

namespace HyperVBackup.Cli.Tests;

/// <summary><c>init --compression</c>, and what comes of it.</summary>
public sealed class CompressionTests : IDisposable
{
    private readonly HvBackup hvbackup = new();

    [Theory]
    [InlineData("none", "none")]
    [InlineData("lz4", "lz4")]
    [InlineData("zstd", "zstd:1")]
    [InlineData("zstd:19", "zstd:19")]
    public async Task A_repository_is_compressed_as_it_was_made_to_be(string given, string shown)
    {
        string disk = NewText();
        JsonElement made = (await hvbackup.RunAsync("init", "--compression", given)).Json();
        Assert.Equal(shown, made.GetProperty("compression").GetString());
        (await hvbackup.RunAsync("backup", "--vm", "web", "--disk", disk)).Json();

        JsonElement statistics = (await hvbackup.RunAsync("stats")).Json();
        Assert.Equal(shown, statistics.GetProperty("compression").GetString());
        long plainBytes = statistics.GetProperty("literalBytes").GetInt64();
        long storedBytes = statistics.GetProperty("chunkRecordBytes").GetInt64();
        Assert.InRange(storedBytes, 1, given == "none" ? plainBytes * 11 / 10 : plainBytes / 2);
        Assert.Equal(given == "none", storedBytes > plainBytes);
        Assert.Contains(shown, (await hvbackup.RunPlainAsync("stats")).Output, StringComparison.Ordinal);

        JsonElement verified = (await hvbackup.RunAsync("verify", "--read-data")).Json();
        Assert.Equal(0, verified.GetProperty("damage").GetArrayLength());
        string restored = hvbackup.PathOf("restored.raw");
        (await hvbackup.RunAsync("restore", "web@latest", "--output", restored, "--format", "raw")).Json();
        Assert.Equal(await File.ReadAllBytesAsync(disk), await File.ReadAllBytesAsync(restored));
    }

    [Fact]
    public async Task Lz4_is_what_a_repository_gets_unasked()
    {
        JsonElement made = (await hvbackup.RunAsync("init")).Json();
        Assert.Equal("lz4", made.GetProperty("compression").GetString());
    }

    public void Dispose() => hvbackup.Dispose();

    private string NewText()
    {
        StringBuilder text = new();
        for (int line = 0; text.Length < 1 << 20; line++)
        {
            text.Append(line * 7919L % 104_729).Append(" is what line ").Append(line).Append(" says.\n");
        }

        text.Length = 1 << 20;
        string path = hvbackup.PathOf("text.raw");
        File.WriteAllText(path, text.ToString());
        return path;
    }
}
