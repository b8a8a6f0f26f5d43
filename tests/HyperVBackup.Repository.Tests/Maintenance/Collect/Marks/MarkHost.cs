using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Collect.Marks;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect.Marks;

/// <summary>A host that marks in a <see cref="MarkWorld"/> and keeps its marks in a folder.</summary>
internal sealed class MarkHost : IDisposable
{
    private readonly TestFolder scratchFolder = new();
    private readonly int changesCountFree;
    private readonly long memoryBytes;
    private readonly byte repository;
    private readonly Random random;
    private KeptMarks kept;

    public MarkHost(
        string folder, int seed = 1, int changesCountFree = 4096, long memoryBytes = 4 << 20, byte repository = 1)
    {
        (Folder, random, this.changesCountFree) = (folder, new Random(seed), changesCountFree);
        (this.memoryBytes, this.repository) = (memoryBytes, repository);
        kept = Open();
    }

    public string Folder { get; }

    public List<string> Warnings { get; } = [];

    /// <summary>Called before each table that is made to be kept.</summary>
    public Action BeforeTable { get; set; } = () => { };

    /// <summary>In place of the system's own, from the next process on.</summary>
    public TableWrite? Write { get; set; }

    /// <summary>As another process.</summary>
    public void Restart()
    {
        kept.Dispose();
        kept = Open();
    }

    /// <summary>Marks as a collector does, and holds what is found against the definition.</summary>
    /// <returns>How many nodes each marking read.</returns>
    public List<long> Check(
        MarkWorld world, bool remembersGone = true, Action<long>? nodesRead = null, CancellationToken token = default)
    {
        List<long> read = [];
        ScratchFolder scratch = NewScratch();
        Workshop workshop = new(scratch, memoryBytes);
        using FactsFile facts = FactsFile.Open(null, scratch);
        using Stock stock = world.MakeStock(facts, workshop, remembersGone);
        (SortedSet<Digest> chunks, SortedSet<Digest> maps) = world.Reached();
        for (int tries = 0; ; tries++)
        {
            try
            {
                NeededIds needed = kept.Mark(stock, world.Roots(), Read, token);
                Assert.Equal(chunks, [.. needed.Chunks]);
                Assert.Equal(maps, [.. needed.Maps]);
                using NeededIds anew = MarkApart(stock, world);
                Assert.Equal([.. anew.ChunkMarks.ReadMarks()], needed.ChunkMarks.ReadMarks().ToList());
                Assert.Equal([.. anew.MapMarks.ReadMarks()], needed.MapMarks.ReadMarks().ToList());
                return read;
            }
            catch (MarksUnusableException failure) when (tries == 0)
            {
                kept.Forget(failure);
            }
        }

        void Read(long count)
        {
            read.Add(count);
            nodesRead?.Invoke(count);
        }
    }

    public MarksFolder NewFolder()
    {
        byte[] id = new byte[RepositoryId.SizeBytes];
        id[0] = repository;
        return new MarksFolder(Folder, new RepositoryId(id), NewScratch(), bytes =>
        {
            BeforeTable();
            random.NextBytes(bytes);
        }, Write);
    }

    public void Dispose()
    {
        kept.Dispose();
        scratchFolder.Dispose();
    }

    private NeededIds MarkApart(Stock stock, MarkWorld world)
    {
        Action before = BeforeTable;
        BeforeTable = () => { };
        NeededIds anew = kept.MarkApart(stock, world.Roots(), default);
        BeforeTable = before;
        return anew;
    }

    private KeptMarks Open() => new(
        NewFolder(), ContentHasher.Plain, new Workshop(NewScratch(), memoryBytes), Warnings.Add, changesCountFree);

    private ScratchFolder NewScratch() => new(scratchFolder.Path, processId: 1);
}
