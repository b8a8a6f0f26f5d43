using System.Collections.Concurrent;
using HyperVBackup.Format;
using HyperVBackup.Testing.Stores;

namespace HyperVBackup.Repository.Tests.Sessions;

/// <summary>What a store was asked to do, in order.</summary>
internal sealed class CallLog
{
    private readonly ConcurrentQueue<StoreCall> calls = new();

    public CallLog(MemoryStore store) => store.Before = calls.Enqueue;

    public IReadOnlyList<StoreCall> Calls => [.. calls];

    /// <summary>Blobs that appeared, in order: puts and publishings.</summary>
    public IReadOnlyList<string> Written =>
        [.. calls.Where(call => call.Kind is StoreCallKind.Put or StoreCallKind.Publish).Select(call => call.Name)];

    public int IndexOf(StoreCallKind kind, string name) =>
        calls.ToList().FindIndex(call => call.Kind == kind && call.Name == name);

    /// <summary>The first call on anything that a session relies on: points, packs, maps.</summary>
    public int FirstReliance() => calls.ToList().FindIndex(call =>
        call.Kind is StoreCallKind.List or StoreCallKind.Read or StoreCallKind.GetLength
        && (call.Name.StartsWith(FileNames.RestorePointFolder, StringComparison.Ordinal)
            || call.Name.StartsWith(FileNames.ChunkPackFolder, StringComparison.Ordinal)
            || call.Name.StartsWith(FileNames.MapPackFolder, StringComparison.Ordinal)));
}
