using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Repository.Pages;

/// <summary>
/// Finds the pages of new chunks that stand in the repository already: in the records of the parent's chunk at the
/// same place first, then in packs that the index knows by a <i>hook</i>. Every whole record has one hook, its first
/// page; as all pages of a new chunk are asked for, a run of pages that stood together before is met at one of
/// them, and that record's pack then gives its page list. Thread-safe.
/// </summary>
internal sealed class ChunkPlanner(
    IChunkIndex index, SourceReader reader, PackPageMaps maps, ContentHasher hasher, int pagesPerChunk,
    HitSampling? sampling = null)
{
    /// <summary>Fewer shared pages are not worth a second record to read.</summary>
    private const int SharedPageCountMin = 4;

    /// <summary>Packs whose footers one chunk may have read: a page that is everywhere must not cost a footer each
    /// time.</summary>
    private const int PacksReadPerChunkMax = 2;

    /// <summary>Packs at hand that are looked through for every chunk.</summary>
    private const int LatestMapCountMax = 4;

    /// <param name="plans">Set to null for chunks that are to be stored whole.</param>
    public async ValueTask PlanAsync(
        ReadOnlyMemory<NewChunk> chunks, Memory<ChunkPlan?> plans, CancellationToken token)
    {
        List<PageSource>[] sources = new List<PageSource>[chunks.Length];
        for (int position = 0; position < chunks.Length; position++)
        {
            sources[position] = [];
            await reader.AddSourcesAsync(chunks.Span[position].ParentPlace, sources[position], token);
        }

        RecordPlace[] hooks = ArrayPool<RecordPlace>.Shared.Rent(chunks.Length * pagesPerChunk);
        try
        {
            FindHooks(chunks.Span, sources, hooks.AsSpan(0, chunks.Length * pagesPerChunk));
            for (int position = 0; position < chunks.Length; position++)
            {
                ReadOnlyMemory<RecordPlace> own = hooks.AsMemory(position * pagesPerChunk, pagesPerChunk);
                await AddHookedAsync(chunks.Span[position].PageHashes, own, sources[position], token);
                ChunkPlan? plan = TryPlan(chunks.Span[position], sources[position]);
                bool isSound = plan is null || sampling is null
                    || await sampling.MayRelyOnAsync(plan.Sources, token);
                plans.Span[position] = isSound ? plan : null;
            }
        }
        finally
        {
            ArrayPool<RecordPlace>.Shared.Return(hooks);
        }
    }

    /// <summary>Asks the index, once for all chunks, for the pages that no source holds yet.</summary>
    private void FindHooks(ReadOnlySpan<NewChunk> chunks, List<PageSource>[] sources, Span<RecordPlace> places)
    {
        ChunkId[] keys = ArrayPool<ChunkId>.Shared.Rent(places.Length);
        try
        {
            for (int position = 0; position < chunks.Length; position++)
            {
                ReadOnlySpan<Digest> hashes = chunks[position].PageHashes.Span;
                for (int page = 0; page < pagesPerChunk; page++)
                {
                    bool isWanted = !hashes[page].IsZero && !IsHeld(sources[position], hashes[page], page);
                    keys[(position * pagesPerChunk) + page] = isWanted ? HookKey.Of(hashes[page]) : default;
                }
            }

            index.Find(keys.AsSpan(0, places.Length), places);
        }
        finally
        {
            ArrayPool<ChunkId>.Shared.Return(keys);
        }
    }

    private static bool IsHeld(List<PageSource> sources, Digest hash, int page)
    {
        foreach (PageSource source in sources)
        {
            if (source.SlotOf(hash, page) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask AddHookedAsync(
        ReadOnlyMemory<Digest> hashes, ReadOnlyMemory<RecordPlace> hooks, List<PageSource> sources,
        CancellationToken token)
    {
        List<PackPageMap> searched = [];
        int packsRead = 0;
        foreach (PackName pack in PacksOf(hooks.Span))
        {
            token.ThrowIfCancellationRequested();
            bool isKept = maps.IsKept(pack);
            if ((isKept || packsRead++ < PacksReadPerChunkMax) && await maps.TryGetAsync(pack) is PackPageMap map)
            {
                searched.Add(map);
            }
        }

        maps.GetLatest(searched, searched.Count + LatestMapCountMax);
        for (int page = 0; page < hashes.Length && searched.Count > 0; page++)
        {
            Digest hash = hashes.Span[page];
            if (!hash.IsZero && !IsHeld(sources, hash, page))
            {
                AddSource(hash, searched, sources);
            }
        }
    }

    private static List<PackName> PacksOf(ReadOnlySpan<RecordPlace> hooks)
    {
        List<PackName> packs = [];
        foreach (RecordPlace place in hooks)
        {
            if (!place.IsUnknown && !packs.Contains(place.Pack))
            {
                packs.Add(place.Pack);
            }
        }

        return packs;
    }

    private void AddSource(Digest hash, List<PackPageMap> searched, List<PageSource> sources)
    {
        foreach (PackPageMap map in searched)
        {
            if (map.TryFind(hash, hasher) is PageSource source)
            {
                sources.Add(source);
                return;
            }
        }
    }

    private ChunkPlan? TryPlan(in NewChunk chunk, List<PageSource> sources)
    {
        ReadOnlySpan<Digest> hashes = chunk.PageHashes.Span;
        RecipePage?[] taken = new RecipePage?[pagesPerChunk];
        List<PageSource> used = [];
        int shared = 0;
        while (used.Count < FormatLimits.RecipeSourceCountMax - 1 && sources.Count > 0)
        {
            (PageSource best, int count) = Best(sources, hashes, taken);
            if (count == 0)
            {
                break;
            }

            Take(best, (byte)used.Count, hashes, taken);
            used.Add(best);
            sources.Remove(best);
            shared += count;
        }

        if (shared < SharedPageCountMin)
        {
            return null;
        }

        for (int page = 0; page < pagesPerChunk; page++)
        {
            taken[page] = hashes[page].IsZero ? RecipePage.Zero : taken[page];
        }

        return new ChunkPlan([.. used], taken);
    }

    /// <summary>The source that holds most of the pages not taken yet; of equals the one found first.</summary>
    private static (PageSource Source, int Count) Best(
        List<PageSource> sources, ReadOnlySpan<Digest> hashes, ReadOnlySpan<RecipePage?> taken)
    {
        (PageSource Source, int Count) best = (sources[0], 0);
        foreach (PageSource source in sources)
        {
            int count = 0;
            for (int page = 0; page < hashes.Length; page++)
            {
                bool isWanted = taken[page] is null && !hashes[page].IsZero;
                count += isWanted && source.SlotOf(hashes[page], page) >= 0 ? 1 : 0;
            }

            best = count > best.Count ? (source, count) : best;
        }

        return best;
    }

    private static void Take(
        PageSource source, byte number, ReadOnlySpan<Digest> hashes, Span<RecipePage?> taken)
    {
        for (int page = 0; page < hashes.Length; page++)
        {
            int slot = taken[page] is null && !hashes[page].IsZero ? source.SlotOf(hashes[page], page) : -1;
            if (slot >= 0)
            {
                Invariant.Check(source[slot] == hashes[page]);
                taken[page] = new RecipePage(number, (ushort)slot);
            }
        }
    }
}
