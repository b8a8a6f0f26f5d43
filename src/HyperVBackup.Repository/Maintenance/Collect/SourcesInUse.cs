using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Finds what recipes of certain chunks name.</summary>
internal static class SourcesInUse
{
    /// <summary>The sources of all recipes that make one of these chunks.</summary>
    /// <param name="chunks">Ascending.</param>
    public static IEnumerable<SourceUse> Of(IEnumerable<Digest> chunks, Sorter<SourceUse> sources)
    {
        using IEnumerator<Digest> chunk = chunks.GetEnumerator();
        bool hasChunk = chunk.MoveNext();
        foreach (SourceUse use in sources.Read())
        {
            while (hasChunk && chunk.Current.CompareTo(use.ChunkId) < 0)
            {
                hasChunk = chunk.MoveNext();
            }

            if (!hasChunk)
            {
                yield break;
            }

            if (chunk.Current == use.ChunkId)
            {
                yield return use;
            }
        }
    }
}
