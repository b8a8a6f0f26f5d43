using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Repository.Index;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>This test program as a second process that adds sessions and saves, one after the other, until it is
/// killed. It says on standard output what it is about to do and what it has done.</summary>
internal static class IndexChild
{
    public const int ChunkCount = 300;
    private const string Variable = "HVBACKUP_TEST_INDEX_CHILD";
    private const int SessionCountMax = 2000;

    public static Process Start(string stateFolder, int firstSession)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.Environment[Variable] = string.Create(CultureInfo.InvariantCulture, $"{firstSession}|{stateFolder}");
        return Process.Start(start)!;
    }

#pragma warning disable CA2255 // The program's entry point is the test framework's.
    [ModuleInitializer]
    public static void RunIfAsked()
#pragma warning restore CA2255
    {
        if (Environment.GetEnvironmentVariable(Variable) is { } order)
        {
            string[] parts = order.Split('|', 2);
            Run(parts[1], int.Parse(parts[0], CultureInfo.InvariantCulture));
            Environment.Exit(0);
        }
    }

    /// <summary>All on this thread: others would wait for the end of this very initializer.</summary>
    private static void Run(string stateFolder, int firstSession)
    {
        RepositoryId repository = IndexSample.Repository(0);
        IChunkIndex index = ChunkIndexFolder.Open(
            stateFolder, repository, IndexSample.SmallBudgetBytes, new Watchdog(ChunkIndexFolder.Patience),
            IndexSample.SettlingSizes(saveCount: 3 * ChunkCount, addCount: 100_000));
        for (int session = firstSession; session < firstSession + SessionCountMax; session++)
        {
            index.Add(IndexSample.Pack(session), IndexSample.Entries(session, ChunkCount));
            index.Cover(IndexSample.Session(session));
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"saving {session}"));
            index.SaveAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"saved {session}"));
        }
    }
}
