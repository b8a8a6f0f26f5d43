using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace HyperVBackup.RealParts.Runs;

/// <summary>Holds what images were read for, by any call, as strace counts it, against what a backup says.</summary>
internal static partial class TracedReads
{
    private const long MetadataBytesMax = 4 << 20;

    /// <summary>What strace is to be told.</summary>
    public static string[] Options(string tracePath, params IEnumerable<string> imagePaths) =>
    [
        "-o", tracePath, "-e", "trace=read,readv,pread64,preadv,preadv2,mmap",
        .. imagePaths.SelectMany(path => (string[])["-P", path]),
    ];

    /// <param name="auditedTableMiB">What an audit of the whole image reads of its table.</param>
    public static void Require(JsonElement disk, string tracePath, long auditedTableMiB = 0)
    {
        long saidBytes = disk.GetProperty("bytesRead").GetInt64() + disk.GetProperty("bytesAudited").GetInt64();
        long countedBytes = 0;
        foreach (string line in File.ReadLines(tracePath))
        {
            Assert.DoesNotContain("mmap", line, StringComparison.Ordinal);
            Match result = Result().Match(line);
            countedBytes += result.Success ? long.Parse(result.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        }

        long metadataBytesMax = MetadataBytesMax + (auditedTableMiB << 20);
        bool isFull = disk.GetProperty("kind").GetString() == "full";
        Assert.InRange(countedBytes, saidBytes, isFull ? long.MaxValue : saidBytes + metadataBytesMax);
        TestContext.Current.TestOutputHelper?.WriteLine($"{countedBytes - saidBytes} bytes of metadata");
    }

    [GeneratedRegex(@"\) += (\d+)$")]
    private static partial Regex Result();
}
