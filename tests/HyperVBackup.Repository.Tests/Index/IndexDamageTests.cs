using System.Globalization;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>Whatever happens to the files: what the index says it covers it finds, and nothing is at a wrong place.
/// </summary>
public sealed class IndexDamageTests : IDisposable
{
    private const int SessionCount = 4;
    private const int ChunkCount = 700;
    private const int FlipCount = 24;
    private const string Table = "table-1"; // Of all sessions but the last, which stays in FASTER's part of the log.
    private static readonly RepositoryId Repository = IndexSample.Repository(0);
    private static readonly RepositoryId Other = IndexSample.Repository(1);
    private readonly StateFolder state = new();

    public void Dispose() => state.Dispose();

    public static TheoryData<string, string> Damages()
    {
        TheoryData<string, string> damages = [];
        foreach (string name in new[] { "manifest", "log", Table })
        {
            foreach (string damage in
                new[] { "deleted", "emptied", "halved", "shorter", "longer", "zeroed", "other", "older", "folder" })
            {
                damages.Add(name, damage);
            }
        }

        return damages;
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task A_damaged_file_gives_right_answers_or_none(string name, string damage)
    {
        string path = Path.Join(state.FolderOf(Repository), name);
        byte[] older = await SaveAsync(Repository, SessionCount - 1, path);
        byte[] bytes = await SaveAsync(Repository, SessionCount, path);
        string otherPath = Path.Join(state.FolderOf(Other), name);
        byte[] other = await SaveAsync(Other, SessionCount, otherPath);
        File.Delete(path);
        switch (damage)
        {
            case "deleted": break;
            case "folder": Directory.CreateDirectory(path); break;
            case "emptied": File.WriteAllBytes(path, []); break;
            case "halved": File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]); break;
            case "shorter": File.WriteAllBytes(path, bytes[..(name == "log" ? LogEnd() - 1 : bytes.Length - 1)]); break;
            case "longer": File.WriteAllBytes(path, [.. bytes, .. bytes]); break;
            case "zeroed": File.WriteAllBytes(path, new byte[bytes.Length]); break;
            case "other": File.WriteAllBytes(path, other); break;
            default: File.WriteAllBytes(path, older); break;
        }

        bool isHarmless = (name, damage) is ("log", "longer") or ("manifest", "older") or (Table, "longer" or "older");
        await RequireRightAndUsableAsync(mayBeEmpty: !isHarmless, $"{name} {damage}");
    }

    [Theory]
    [InlineData("manifest")]
    [InlineData("log")]
    [InlineData(Table)]
    public async Task A_flipped_bit_anywhere_gives_no_wrong_answer(string name)
    {
        string path = Path.Join(state.FolderOf(Repository), name);
        await SaveAsync(Repository, SessionCount - 1, path);
        byte[] bytes = await SaveAsync(Repository, SessionCount, path);
        byte[] manifest = File.ReadAllBytes(state.ManifestOf(Repository));
        byte[] log = File.ReadAllBytes(state.LogOf(Repository));
        byte[] table = File.ReadAllBytes(Path.Join(state.FolderOf(Repository), Table));
        int length = name == "log" ? LogEnd() : bytes.Length;
        Random random = new(2026);
        foreach (int flip in Enumerable.Range(0, FlipCount))
        {
            File.WriteAllBytes(state.ManifestOf(Repository), manifest);
            File.WriteAllBytes(state.LogOf(Repository), log);
            File.WriteAllBytes(Path.Join(state.FolderOf(Repository), Table), table);
            int position = flip == 0 ? length - 1 : random.Next(length);
            byte[] flipped = [.. bytes];
            flipped[position] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, flipped);
            await using IChunkIndex index = Open(Repository);
            string context = string.Create(CultureInfo.InvariantCulture, $"{name} flipped at {position}");
            index.RequireRight(SessionCount, ChunkCount, context);
            bool isOfFaster = name == "log" && (position - 64) % LogEntry.SizeBytes < 8;
            bool isNoticed = Enumerable.Range(0, SessionCount).All(
                session => !index.Covers(IndexSample.Session(session)));
            Assert.True(isNoticed || isOfFaster, context); // An entry's header is of no use once it is settled.
        }
    }

    [Fact]
    public async Task Settled_entries_that_are_zeroed_cost_no_others()
    {
        await SaveAsync(Repository, SessionCount, state.LogOf(Repository));
        long settledEnd = LogEntry.AddressOf((SessionCount - 1) * ChunkCount);
        using (FileStream log = new(state.LogOf(Repository), FileMode.Open, FileAccess.Write))
        {
            log.Position = settledEnd - (settledEnd % LogDevice.SectorBytes) - LogDevice.SectorBytes;
            log.Write(new byte[LogDevice.SectorBytes]);
        }

        await using IChunkIndex index = Open(Repository);
        const int Last = SessionCount - 1;
        RecordPlace[] places = index.Find(IndexSample.Chunks(Last, ChunkCount));
        Assert.Equal(ChunkIndexState.Working, index.State);
        Assert.Equal(Enumerable.Range(0, ChunkCount).Select(chunk => IndexSample.Place(Last, chunk)), places);
        index.RequireRight(SessionCount, ChunkCount);
        Assert.Equal(ChunkIndexState.Abandoned, index.State); // they are noticed where they are read
    }

    [Fact]
    public async Task All_files_of_another_repository_are_of_no_use()
    {
        await SaveAsync(Repository, SessionCount, state.LogOf(Repository));
        await SaveAsync(Other, SessionCount, state.LogOf(Other));
        File.Copy(state.LogOf(Other), state.LogOf(Repository), overwrite: true);
        File.Copy(state.ManifestOf(Other), state.ManifestOf(Repository), overwrite: true);
        await RequireRightAndUsableAsync(mayBeEmpty: true, "other repository");
    }

    [Fact]
    public async Task An_older_copy_of_all_files_covers_what_it_did()
    {
        byte[] log = await SaveAsync(Repository, 2, state.LogOf(Repository));
        byte[] manifest = File.ReadAllBytes(state.ManifestOf(Repository));
        await SaveAsync(Repository, SessionCount, state.LogOf(Repository));
        File.WriteAllBytes(state.LogOf(Repository), log);
        File.WriteAllBytes(state.ManifestOf(Repository), manifest);
        await using IChunkIndex index = Open(Repository);
        Assert.Equal(2, index.RequireRight(SessionCount, ChunkCount));
    }

    [Fact]
    public async Task A_log_damaged_while_open_is_noticed_where_it_is_read()
    {
        const int SessionChunkCount = 60_000;
        await using (IChunkIndex index = Open(Repository))
        {
            await index.SaveSessionsAsync(0, SessionCount, SessionChunkCount);
            using (FileStream log = new(
                state.LogOf(Repository), FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            {
                log.Position = 64 + 8 + 16; // The first entry's place: on the disk only by now.
                log.Write([0xFF, 0xFF]);
            }

            Assert.True(index.Find([IndexSample.Chunk(0, 0)])[0].IsUnknown);
            Assert.Equal(ChunkIndexState.Abandoned, index.State);
            Assert.False(index.Covers(IndexSample.Session(0)));
        }

        await RequireRightAndUsableAsync(mayBeEmpty: true, "damaged while open");
    }

    [Fact]
    public async Task A_log_cut_off_while_open_is_noticed_where_it_is_read()
    {
        await using (IChunkIndex index = Open(Repository))
        {
            await index.SaveSessionsAsync(0, SessionCount, 60_000);
            using (FileStream log = new(
                state.LogOf(Repository), FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            {
                log.SetLength(0);
            }

            Assert.True(index.Find([IndexSample.Chunk(0, 0)])[0].IsUnknown);
            Assert.Equal(ChunkIndexState.Abandoned, index.State);
        }

        await RequireRightAndUsableAsync(mayBeEmpty: true, "cut off while open");
    }

    private IChunkIndex Open(RepositoryId repository) =>
        state.OpenSettling(repository, saveCount: (SessionCount - 1) * ChunkCount, addCount: 100_000);

    private async Task<byte[]> SaveAsync(RepositoryId repository, int sessionCount, string path)
    {
        await using (IChunkIndex index = Open(repository))
        {
            int coveredCount = index.RequireRight(SessionCount, ChunkCount);
            await index.SaveSessionsAsync(coveredCount, sessionCount - coveredCount, ChunkCount);
        }

        return File.ReadAllBytes(path);
    }

    private async Task RequireRightAndUsableAsync(bool mayBeEmpty, string context)
    {
        await using (IChunkIndex index = Open(Repository))
        {
            int coveredCount = index.RequireRight(SessionCount, ChunkCount, context);
            Assert.True(mayBeEmpty || coveredCount > 0, context);
            if (index is MemoryChunkIndex)
            {
                return; // Something stands in the way that is not ours to remove.
            }

            Assert.Equal(ChunkIndexState.Working, index.State);
            await index.SaveSessionsAsync(coveredCount, SessionCount - coveredCount, ChunkCount);
        }

        await using IChunkIndex again = Open(Repository);
        Assert.Equal(SessionCount, again.RequireRight(SessionCount, ChunkCount, context));
    }

    private static int LogEnd() => 64 + (SessionCount * ChunkCount * LogEntry.SizeBytes);
}
