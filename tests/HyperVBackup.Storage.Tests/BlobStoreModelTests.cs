using FsCheck.Xunit;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Storage.Tests;

/// <summary>Random operations on each store and on a dictionary give the same answers.</summary>
public sealed class BlobStoreModelTests
{
    private static readonly string[] Names = ["a", "p/a-0", "p/a-1", "p/b-0", "p/q/a-0", "p/q/b-0"];
    private static readonly string[] Prefixes = ["", "p/", "p/a", "p/q/", "p/q/b-", "a", "x/", "p"];

    [Property(MaxTest = 200)]
    public Task A_memory_store_is_a_dictionary(uint[] steps) => CompareAsync(new MemoryStore(), steps);

    [Property(MaxTest = 200)]
    public async Task A_folder_store_over_recorded_files_is_a_dictionary(uint[] steps)
    {
        RecordingFiles disk = new() { ReadBytesMax = 50_000 };
        using FolderStore store = new("/repo", disk);
        await CompareAsync(store, steps);
    }

    [Property(MaxTest = 40)]
    public async Task A_folder_store_is_a_dictionary(uint[] steps)
    {
        using TemporaryFolder folder = new();
        using FolderStore store = new(folder.Path);
        await CompareAsync(store, steps);
    }

    private static async Task CompareAsync(IBlobStore store, uint[] steps)
    {
        Dictionary<string, byte[]> model = [];
        Dictionary<string, (IBlobWriter Writer, byte[] Content)> writers = [];
        await store.TryPutAsync(new BlobName("repository"), new byte[1], default);
        model["repository"] = new byte[1];
        foreach (uint step in steps)
        {
            await StepAsync(store, new Random((int)(step % int.MaxValue)), model, writers);
        }

        foreach ((IBlobWriter writer, _) in writers.Values)
        {
            await writer.DisposeAsync();
        }

        Assert.Equal(model.Keys.Order(StringComparer.Ordinal), await ListAsync(store, ""));
        foreach ((string name, byte[] content) in model)
        {
            await ReadAsync(store, name, content, 0, content.Length + 1);
        }
    }

    private static async Task StepAsync(
        IBlobStore store,
        Random random,
        Dictionary<string, byte[]> model,
        Dictionary<string, (IBlobWriter Writer, byte[] Content)> writers)
    {
        string name = Names[random.Next(Names.Length)];
        BlobName blob = new(name);
        byte[] content = new byte[random.Next(4) == 0 ? random.Next(200_000) : random.Next(100)];
        random.NextBytes(content);
        switch (random.Next(9))
        {
            case 0:
                Assert.Equal(model.TryAdd(name, content), await store.TryPutAsync(blob, content, default));
                break;
            case 1 when !writers.ContainsKey(name):
                IBlobWriter writer = await store.CreateAsync(blob, default);
                await writer.AppendAsync(content.AsMemory(0, content.Length / 3), default);
                await writer.AppendAsync(content.AsMemory(content.Length / 3), default);
                writers.Add(name, (writer, content));
                break;
            case 2 when writers.Remove(name, out (IBlobWriter Writer, byte[] Content) open):
                Assert.Equal(model.TryAdd(name, open.Content), await open.Writer.TryPublishAsync(default));
                await open.Writer.DisposeAsync();
                break;
            case 3 when writers.Remove(name, out (IBlobWriter Writer, byte[] Content) open):
                await store.DeleteTemporariesAsync(abandoned => abandoned == blob, default);
                await Assert.ThrowsAsync<StoreException>(() => open.Writer.TryPublishAsync(default));
                await open.Writer.DisposeAsync();
                break;
            case 4:
                await store.DeleteAsync(blob, default);
                model.Remove(name);
                break;
            case 5:
                string prefix = Prefixes[random.Next(Prefixes.Length)];
                Assert.Equal(
                    model.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal))
                        .Order(StringComparer.Ordinal),
                    await ListAsync(store, prefix));
                break;
            case 6:
                int startBytes = random.Next(300);
                Assert.Equal(model.ContainsKey(name), await store.MendAsync(blob, startBytes, content, default));
                Mend(model, name, startBytes, content);
                break;
            default:
                byte[]? known = model.GetValueOrDefault(name);
                Assert.Equal(known?.Length, await store.TryGetLengthAsync(blob, default));
                await ReadAsync(store, name, known, random.Next(known?.Length + 10 ?? 10), random.Next(300_000));
                break;
        }
    }

    private static void Mend(Dictionary<string, byte[]> model, string name, int startBytes, byte[] content)
    {
        if (content.Length > 0 && model.TryGetValue(name, out byte[]? old))
        {
            byte[] mended = new byte[Math.Max(old.Length, startBytes + content.Length)];
            old.CopyTo(mended, 0);
            content.CopyTo(mended, startBytes);
            model[name] = mended;
        }
    }

    private static async Task ReadAsync(IBlobStore store, string name, byte[]? content, int startBytes, int lengthBytes)
    {
        byte[] buffer = new byte[lengthBytes];
        int? count = await store.TryReadAsync(new BlobName(name), startBytes, buffer, default);
        int? expected = content is null ? null : Math.Clamp(content.Length - startBytes, 0, lengthBytes);
        Assert.Equal(expected, count);
        Assert.True(
            content is null
            || content.AsSpan(Math.Min(startBytes, content.Length)).StartsWith(buffer.AsSpan(0, count!.Value)));
    }

    private static async Task<string[]> ListAsync(IBlobStore store, string prefix) =>
        [.. (await store.ListAsync(prefix, default).ToArrayAsync())
            .Select(name => name.Path).Order(StringComparer.Ordinal)];
}
