namespace HyperVBackup.Cli.Tests.Indexes;

/// <summary>Everything that may have become of an index, from what it was at several times.</summary>
/// <param name="now">As the last command left it.</param>
internal sealed class IndexStates(IReadOnlyDictionary<string, byte[]> now)
{
    private const int FlipCount = 4;
    private const long LogStart = 64;

    /// <summary>In the order in which a save writes them; the manifest is renamed, so it is never there in part.
    /// </summary>
    private static readonly string[] inOrder = ["log", "table-1", "manifest"];

    /// <param name="others">By what they are called: the index at other times, or of another repository.</param>
    public IEnumerable<IndexState> All(IReadOnlyDictionary<string, IReadOnlyDictionary<string, byte[]>> others) =>
    [
        new("as it is, but newer than the repository", now) { IsNewer = true },
        new("open in another process", now) { IsOpen = true },
        new("gone", new Dictionary<string, byte[]>()),
        .. now.Keys.SelectMany(DamagesOf),
        .. others.Select(other => new IndexState(other.Key, other.Value)),
        .. HalfWritten("of nothing", new Dictionary<string, byte[]>()),
        .. others.SelectMany(other => HalfWritten(other.Key, other.Value)),
    ];

    private IEnumerable<IndexState> DamagesOf(string name)
    {
        byte[] bytes = now[name];
        yield return new($"{name} gone", now.Where(file => file.Key != name).ToDictionary());
        yield return With(name, "empty", []);
        yield return With(name, "halved", bytes[..(bytes.Length / 2)]);
        yield return With(name, "without its last byte", bytes[..^1]);
        yield return With(name, "zeroed", new byte[bytes.Length]);
        for (int flip = 0; flip < FlipCount; flip++)
        {
            long first = name == "log" ? LogStart : 0;
            long at = first + ((bytes.Length - 1 - first) * flip / (FlipCount - 1));
            byte[] flipped = [.. bytes];
            flipped[at] ^= (byte)(1 << flip);
            yield return With(name, $"with a bit flipped in byte {at}", flipped);
        }
    }

    /// <summary>A save of what is there now, over an older index, was broken off.</summary>
    private IEnumerable<IndexState> HalfWritten(string what, IReadOnlyDictionary<string, byte[]> before)
    {
        Dictionary<string, byte[]> files = before.ToDictionary();
        foreach (string name in inOrder.Where(now.ContainsKey))
        {
            string written = name == "manifest" ? ".manifest.half" : name;
            byte[] old = files.GetValueOrDefault(name) ?? [];
            byte[] half = now[name][..(now[name].Length / 2)];
            yield return new(
                $"{what}, a save was broken off within {name}",
                new Dictionary<string, byte[]>(files) { [written] = [.. half, .. old.Skip(half.Length)] });
            files[name] = now[name];
            yield return new($"{what}, a save was broken off behind {name}", files.ToDictionary());
        }
    }

    private IndexState With(string name, string what, byte[] bytes) =>
        new($"{name} {what}", new Dictionary<string, byte[]>(now) { [name] = bytes });
}
