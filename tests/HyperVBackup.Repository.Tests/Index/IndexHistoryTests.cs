using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>Random histories of adding, covering, saving, reopening and looking up, against a dictionary.</summary>
public sealed class IndexHistoryTests
{
    private const int KeyCount = 40;
    private const int HistoryCount = 40;
    private static readonly RepositoryId Repository = IndexSample.Repository(0);
    private static readonly ChunkId[] Keys = IndexSample.Chunks(99, KeyCount);

    [Property(MaxTest = HistoryCount)]
    public void Every_history_ends_as_in_a_dictionary(byte[] steps) =>
        RunAsync(steps, state => state.Open(Repository)).GetAwaiter().GetResult();

    [Property(MaxTest = HistoryCount)]
    public void Every_history_with_settled_entries_ends_as_in_a_dictionary(byte[] steps) =>
        RunAsync(steps, state => state.OpenSettling(Repository, saveCount: 9, addCount: 25)).GetAwaiter().GetResult();

    private static async Task RunAsync(byte[] steps, Func<StateFolder, IChunkIndex> open)
    {
        using StateFolder state = new();
        IndexModel model = new();
        IChunkIndex index = open(state);
        uint packNumber = 0;
        foreach (byte step in steps)
        {
            int session = step >> 4;
            switch (step % 5)
            {
                case 0 or 1:
                    PackName pack = new(PackKind.Chunks, IndexSample.Session(session), packNumber++);
                    IndexEntry[] entries = EntriesOf(step, packNumber);
                    index.Add(pack, entries);
                    model.Add(pack, entries);
                    break;
                case 2:
                    index.Cover(IndexSample.Session(session));
                    model.Cover(session);
                    break;
                case 3:
                    await index.SaveAsync(CancellationToken.None);
                    model.Save();
                    break;
                default:
                    await index.DisposeAsync();
                    index = open(state);
                    model.Reopen();
                    break;
            }

            model.RequireEqual(index, Keys);
        }

        await index.DisposeAsync();
    }

    private static IndexEntry[] EntriesOf(byte step, uint number) =>
    [
        .. Enumerable.Range(0, 1 + (step % 7)).Select(
            position => new IndexEntry(Keys[(step + (position * 11)) % KeyCount], number, (uint)position + 1)),
    ];

    private sealed class IndexModel
    {
        private Dictionary<ChunkId, RecordPlace> places = [];
        private Dictionary<ChunkId, RecordPlace> savedPlaces = [];
        private readonly HashSet<int> noted = [];
        private readonly HashSet<int> covered = [];

        public void Add(PackName pack, IndexEntry[] entries)
        {
            foreach (IndexEntry entry in entries)
            {
                places[entry.Id] = new RecordPlace(pack, entry.OffsetBytes, entry.LengthBytes);
            }
        }

        public void Cover(int session) => noted.Add(session);

        public void Save()
        {
            savedPlaces = new(places);
            covered.UnionWith(noted);
            noted.Clear();
        }

        public void Reopen()
        {
            places = new(savedPlaces);
            noted.Clear();
        }

        public void RequireEqual(IChunkIndex index, ChunkId[] keys)
        {
            Assert.Equal(keys.Select(key => places.GetValueOrDefault(key)), index.Find(keys));
            Assert.All(Enumerable.Range(0, 16), session => Assert.Equal(
                covered.Contains(session), index.Covers(IndexSample.Session(session))));
        }
    }
}
