using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maintenance.Collect;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>Choosing copies, against the definition: complete in a set of packs is what has a whole record there, or a
/// recipe there and a whole record there of each data id it names.</summary>
public sealed class CopyChoiceTests
{
    private const int PackCount = 6;
    private const int IdCount = 10;

    [Fact]
    public void Whatever_is_stored_the_packs_chosen_hold_all_that_is_needed_and_no_more_of_the_worse_than_must_be()
    {
        int completeCount = 0;
        int recipeCount = 0;
        for (int seed = 0; seed < 4000; seed++)
        {
            Case made = new(new Random(seed));
            (bool isComplete, bool hasRecipe) = made.Check(seed);
            completeCount += isComplete ? 1 : 0;
            recipeCount += hasRecipe ? 1 : 0;
        }

        Assert.InRange(completeCount, 1000, 3500);
        Assert.True(recipeCount > 300, $"{recipeCount}");
    }

    private sealed record Held(int Pack, int Id, int[] Sources);

    private sealed class Case
    {
        private readonly List<Held> held = [];
        private readonly HashSet<int> needed = [];
        private readonly int[] ranks;
        private readonly int firstClassCount;

        public Case(Random random)
        {
            for (int count = random.Next(1, 25); count > 0; count--)
            {
                int id = random.Next(1, IdCount + 1);
                int[] sources = random.Next(2) == 0
                    ? []
                    : [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(1, IdCount + 1)).Distinct()];
                held.Add(new Held(random.Next(PackCount), id, sources));
            }

            for (int count = random.Next(1, 4); count > 0; count--)
            {
                needed.Add(random.Next(1, IdCount + 1));
            }

            ranks = [.. Enumerable.Range(0, PackCount)];
            random.Shuffle(ranks);
            firstClassCount = random.Next(PackCount + 1);
        }

        public (bool IsComplete, bool HasRecipe) Check(int seed)
        {
            ScratchFolder scratch = new(null, processId: 1);
            Workshop workshop = new(scratch, 1 << 20);
            using FactsFile facts = FactsFile.Open(null, scratch);
            using Stock stock = MakeStock(facts, workshop);
            using NeededIds ids = MarkSample.NeededOf(scratch, needed.Select(IdOf));
            CopyChoice choice = new(stock, ids, new CopyRanks(ranks, BadCopies.None), workshop);
            List<StoredRecord> live = [];
            bool isComplete = needed.All(id => IsCompleteIn(id, _ => true));
            if (!isComplete)
            {
                Assert.Throws<RepositoryDamagedException>(() => choice.Run(live.Add, default));
                return (false, false);
            }

            choice.Run(live.Add, default);
            bool[] isUsed = [.. choice.LiveBytes.Select(bytes => bytes > 0)];
            foreach (int id in needed)
            {
                Assert.True(IsCompleteIn(id, pack => isUsed[pack]), $"seed {seed}: {id} is lost");
            }

            bool isCompleteInFirst = needed.All(id => IsCompleteIn(id, pack => ranks[pack] < firstClassCount));
            bool usesOthers = Enumerable.Range(0, PackCount)
                .Any(pack => isUsed[pack] && ranks[pack] >= firstClassCount);
            Assert.False(isCompleteInFirst && usesOthers, $"seed {seed}: more is kept than must be");
            Assert.Equal(live.Count, live.Select(record => (record.Pack, record.OffsetBytes)).Distinct().Count());
            Assert.Equal(choice.LiveBytes.Sum(), live.Sum(record => record.LengthBytes));
            return (true, live.Exists(record => record.Type == RecordType.Delta));
        }

        private bool IsCompleteIn(int id, Func<int, bool> isIn) =>
            held.Exists(record => record.Id == id && isIn(record.Pack) && record.Sources.All(source =>
                held.Exists(other => other.Id == source && isIn(other.Pack) && other.Sources.Length == 0)));

        private Stock MakeStock(FactsFile facts, Workshop workshop)
        {
            PackName[] packs = [.. Enumerable.Range(0, PackCount).Select(pack =>
                new PackName(PackKind.Chunks, SessionOf(7), (uint)pack))];
            Stock stock = new(new PackSet(packs), facts, workshop);
            for (int pack = 0; pack < PackCount; pack++)
            {
                FactsBuilder built = new();
                uint offsetBytes = 144;
                foreach (Held record in held.Where(record => record.Pack == pack))
                {
                    bool isDelta = record.Sources.Length > 0;
                    built.Add(
                        new PackEntry(
                            IdOf(record.Id), offsetBytes, 100, isDelta ? RecordType.Delta : RecordType.Whole,
                            Codec.None, 0, 28),
                        [.. record.Sources.SelectMany(source => BytesOf(IdOf(source)))]);
                    offsetBytes += 100;
                }

                (PackFacts known, IEnumerable<StoredRecord> records) = facts.Append(packs[pack], 1000, built, pack);
                stock.Add(known, records);
            }

            return stock;
        }

        private static SessionId SessionOf(byte number)
        {
            byte[] bytes = new byte[SessionId.SizeBytes];
            bytes.AsSpan().Fill(number);
            return new SessionId(bytes);
        }

        private static Digest IdOf(int number)
        {
            byte[] bytes = new byte[Digest.SizeBytes];
            bytes[^1] = (byte)number;
            return new Digest(bytes);
        }

        private static byte[] BytesOf(Digest id)
        {
            byte[] bytes = new byte[Digest.SizeBytes];
            id.WriteTo(bytes);
            return bytes;
        }
    }
}
