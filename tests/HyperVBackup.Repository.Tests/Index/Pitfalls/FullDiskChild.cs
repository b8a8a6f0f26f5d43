using System.Diagnostics;
using System.Runtime.CompilerServices;
using FASTER.core;

namespace HyperVBackup.Repository.Tests.Index.Pitfalls;

/// <summary>This test program as a process that adds to FASTER on a device that takes nothing, until it is killed.
/// </summary>
internal static class FullDiskChild
{
    /// <summary>Some hundred times what the work takes where it is done at all.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private const string Variable = "HVBACKUP_TEST_FULL_DISK_CHILD";

    public static Process Start()
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.Environment[Variable] = "1";
        return Process.Start(start)!;
    }

#pragma warning disable CA2255 // The program's entry point is the test framework's.
    [ModuleInitializer]
    public static void RunIfAsked()
#pragma warning restore CA2255
    {
        if (Environment.GetEnvironmentVariable(Variable) is not null)
        {
            Run();
            Environment.Exit(0);
        }
    }

    private static void Run()
    {
        using FullDevice device = new();
        using FasterKVSettings<long, long> settings = new()
        {
            IndexSize = 1 << 16, LogDevice = device, PageSize = 1 << 12, MemorySize = 1 << 14,
        };
        using FasterKV<long, long> store = new(settings);
        using var session = store.NewSession(new SimpleFunctions<long, long>());
        Console.Out.WriteLine("adding");
        for (long key = 0; key < 4000; key++)
        {
            session.Upsert(key, key);
        }

        Console.Out.WriteLine("added");
    }

    /// <summary>A device on which there is no room.</summary>
    private sealed class FullDevice() : StorageDeviceBase("full", 512, Devices.CAPACITY_UNSPECIFIED)
    {
        private const uint NoSpace = 28;

        public override void WriteAsync(
            IntPtr sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite,
            DeviceIOCompletionCallback callback, object context) => callback(NoSpace, 0, context);

        public override void ReadAsync(
            int segmentId, ulong sourceAddress, IntPtr destinationAddress, uint readLength,
            DeviceIOCompletionCallback callback, object context) => callback(0, readLength, context);

        public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result) =>
            callback(result);

        public override void Dispose()
        {
        }
    }
}
