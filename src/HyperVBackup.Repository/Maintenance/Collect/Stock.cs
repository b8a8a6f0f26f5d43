using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>All records of the packs that a listing showed. One thread at a time.</summary>
internal sealed class Stock(PackSet packs, FactsFile facts, Workshop workshop) : IDisposable
{
    public PackSet Packs => packs;

    /// <summary>Where what records name is read.</summary>
    public FactsFile Facts => facts;

    public Sorter<StoredRecord> Chunks { get; } = workshop.NewSorter<StoredRecord>();

    public Sorter<StoredRecord> Maps { get; } = workshop.NewSorter<StoredRecord>();

    /// <summary>Of map packs that are gone, as far as this host still knows what they held. They serve nobody as
    /// copies.</summary>
    public Sorter<StoredRecord> GoneMaps { get; } = workshop.NewSorter<StoredRecord>();

    /// <summary>What the recipes among <see cref="Chunks"/> name.</summary>
    public Sorter<SourceUse> Sources { get; } = workshop.NewSorter<SourceUse>();

    public void Add(in PackFacts pack, IEnumerable<StoredRecord> records)
    {
        int number = packs.NumberOf(pack.Pack);
        packs.LengthBytes[number] = pack.PackLengthBytes;
        packs.IsReadable[number] = true;
        Sorter<StoredRecord> kind = pack.Pack.Kind == PackKind.Chunks ? Chunks : Maps;
        foreach (StoredRecord record in records)
        {
            kind.Add(record);
            packs.RecordBytes[number] += record.LengthBytes;
            if (record.Type == RecordType.Delta)
            {
                AddSources(record);
            }
        }
    }

    public void AddGone(IEnumerable<StoredRecord> records)
    {
        foreach (StoredRecord record in records)
        {
            GoneMaps.Add(record);
        }
    }

    /// <summary>All is added; it is read more than once now.</summary>
    public void Settle()
    {
        Chunks.Settle();
        Maps.Settle();
        GoneMaps.Settle();
    }

    public void Dispose()
    {
        Chunks.Dispose();
        Maps.Dispose();
        GoneMaps.Dispose();
        Sources.Dispose();
    }

    private void AddSources(in StoredRecord recipe)
    {
        Span<byte> named = stackalloc byte[FormatLimits.RecipeSourceCountMax * Digest.SizeBytes];
        named = named[..recipe.NamesLengthBytes];
        facts.Read(recipe.NamesAtBytes, named);
        for (; !named.IsEmpty; named = named[Digest.SizeBytes..])
        {
            Sources.Add(new SourceUse(
                recipe.Id, recipe.Pack, recipe.OffsetBytes, new Digest(named[..Digest.SizeBytes])));
        }
    }
}
