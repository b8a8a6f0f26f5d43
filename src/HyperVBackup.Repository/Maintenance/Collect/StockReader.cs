using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Finds out what all packs hold: from the host's file of facts, and from the store for those it does not
/// know. One thread at a time.</summary>
internal sealed class StockReader(FactsFile facts, PackFactsReader reader, Workshop workshop, Action<string> warn)
{
    /// <summary>So many bytes of packs that are gone, and more than of those that are there, and the file is made
    /// smaller.</summary>
    private const long DeadBytesMax = 16 << 20;
    private readonly HashSet<PackName> unreadable = [];

    /// <param name="packsRead">Told how many of the packs not known were read, and how many they are.</param>
    public async Task<Stock> ReadAsync(
        IEnumerable<PackName> packs, Action<long, long> packsRead, CancellationToken token)
    {
        Stock stock = new(new PackSet(packs), facts, workshop);
        try
        {
            await ReadAsync(stock, packsRead, token);
            return stock;
        }
        catch
        {
            stock.Dispose();
            throw;
        }
    }

    /// <summary>Makes the host's file smaller where most of it is about packs that are gone. What was read from it
    /// before is of no use then.</summary>
    public void Compact(PackSet packs)
    {
        if (facts.DeadBytes > Math.Max(DeadBytesMax, facts.LengthBytes / 2))
        {
            facts.Compact(pack => packs.NumberOf(pack) >= 0);
        }
    }

    private async Task ReadAsync(Stock stock, Action<long, long> packsRead, CancellationToken token)
    {
        PackSet packs = stock.Packs;
        foreach ((PackFacts pack, IEnumerable<StoredRecord> records) in facts.Read(UnreadNumberOf, token))
        {
            if (packs.NumberOf(pack.Pack) < 0)
            {
                stock.AddGone(records);
            }
            else if (!packs.IsReadable[packs.NumberOf(pack.Pack)])
            {
                stock.Add(pack, records);
            }
        }

        facts.Cut();
        List<int> missing = [.. Enumerable.Range(0, packs.Count).Where(number => !packs.IsReadable[number])];
        for (int done = 0; done < missing.Count; done++)
        {
            packsRead(done, missing.Count);
            await AddAsync(stock, packs.Names[missing[done]], token);
        }

        stock.Settle();

        int UnreadNumberOf(PackName pack)
        {
            int number = packs.NumberOf(pack);
            return number >= 0 && packs.IsReadable[number] ? -1 : number;
        }
    }

    private async Task AddAsync(Stock stock, PackName pack, CancellationToken token)
    {
        if (await reader.TryReadAsync(pack, token) is var (built, lengthBytes))
        {
            (PackFacts known, IEnumerable<StoredRecord> records) =
                facts.Append(pack, lengthBytes, built, stock.Packs.NumberOf(pack));
            stock.Add(known, records);
        }
        else if (await reader.ExistsAsync(pack, token) && unreadable.Add(pack))
        {
            warn($"Pack {pack} cannot be read, and is left as it is; 'verify' says what it touches.");
        }
    }
}
