using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace HyperVBackup.RealParts.Together;

/// <summary>Which bytes every restore point must restore to, as those who backed up know it. Thread-safe.</summary>
internal sealed class ImageBook
{
    private readonly ConcurrentDictionary<string, string> byPoint = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Vm, string Sum), bool> maybe = new();
    private readonly ConcurrentBag<(string Point, string Vm, string Sum)> restored = [];

    public int PointCount => byPoint.Count;

    public int RestoredCount => restored.Count;

    public static string SumOf(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>A backup said that it published a point.</summary>
    public void AddPublished(string point, string sum) => byPoint[point] = sum;

    /// <summary>A backup was killed: it may have published a point, and then of these bytes.</summary>
    public void AddMaybe(string vm, string sum) => maybe[(vm, sum)] = true;

    /// <summary>A point was restored, perhaps before the one who made it had read that it did.</summary>
    public void AddRestored(string point, string vm, string sum) => restored.Add((point, vm, sum));

    /// <summary>What was restored to other bytes than those backed up. To be asked when all have ended.</summary>
    public IEnumerable<string> FindWrong() => restored
        .Where(one => byPoint.TryGetValue(one.Point, out string? sum)
            ? sum != one.Sum
            : !maybe.ContainsKey((one.Vm, one.Sum)))
        .Select(one => $"point {one.Point} of {one.Vm} restored to {one.Sum}");
}
