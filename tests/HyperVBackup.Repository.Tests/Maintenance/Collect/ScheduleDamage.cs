using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>Rot that a repair which knows the chunks' bytes can heal whatever happens beside it: anywhere in chunk
/// packs, and in one copy of what stands twice.</summary>
internal static class ScheduleDamage
{
    private const int LengthMaxBytes = 60;

    public static void Do(SampleRepository sample, Random random)
    {
        HashSet<string> seconds = [];
        BlobName[] names =
            [.. sample.Store.Names.Where(name => PrefixesOf(name).Any()).OrderBy(_ => random.Next())];
        foreach (BlobName name in names.Take(random.Next(1, 6)))
        {
            string prefix = PrefixesOf(name).First();
            if (prefix == FileNames.ChunkPackFolder || seconds.Add(name.Path[prefix.Length..]))
            {
                byte[] content = sample.Store[name];
                int start = random.Next(content.Length);
                int lengthBytes = Math.Min(random.Next(1, LengthMaxBytes), content.Length - start);
                random.NextBytes(content.AsSpan(start, lengthBytes));
            }
        }
    }

    /// <summary>The folder of a file, where it may be damaged.</summary>
    private static IEnumerable<string> PrefixesOf(BlobName name) =>
        new[]
        {
            FileNames.ChunkPackFolder, FileNames.MapPackFolder, FileNames.MirrorFolder + FileNames.MapPackFolder,
            FileNames.RestorePointFolder, FileNames.MirrorFolder + FileNames.RestorePointFolder,
        }.Where(prefix => name.Path.StartsWith(prefix, StringComparison.Ordinal));
}
