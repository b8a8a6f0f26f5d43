using System.Diagnostics;
using System.Globalization;
using HyperVBackup.Format;
using HyperVBackup.Repository.Index;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>A disk that is full or fails: the index is abandoned, and nobody waits.</summary>
public sealed class IndexFaultTests : IDisposable
{
    private const int DiskBytes = 6 << 20;
    private static readonly RepositoryId Repository = IndexSample.Repository(0);
    private readonly StateFolder state = new();

    public void Dispose() => state.Dispose();

    [Theory]
    [InlineData(15_000, 20)] // Spills and settles: the disk is full while adding.
    [InlineData(100, 2000)] // All in memory: the disk is full while saving.
    public async Task A_full_disk_gives_the_index_up(int chunkCount, int sessionCount)
    {
        string disk = Path.Join(state.Root, "disk");
        Directory.CreateDirectory(disk);
        Assert.SkipUnless(TryMount(disk), "Only the superuser can mount a small disk.");
        try
        {
            await using (IChunkIndex index = ChunkIndexFolder.Open(disk, Repository, IndexSample.SmallBudgetBytes))
            {
                await index.SaveSessionsAsync(0, 1, 100);
                Assert.Equal(ChunkIndexState.Working, index.State);
                await index.SaveSessionsAsync(1, sessionCount, chunkCount);
                Assert.Equal(ChunkIndexState.Abandoned, index.State);
                Assert.Equal(0, index.RequireRight(sessionCount, 100));
                await index.SaveSessionsAsync(0, 1, 100);
            }

            await using IChunkIndex again = ChunkIndexFolder.Open(disk, Repository, IndexSample.SmallBudgetBytes);
            Assert.Equal(0, again.RequireRight(sessionCount, 100));
            await again.SaveSessionsAsync(0, 1, 100);
            Assert.Equal(1, again.RequireRight(sessionCount, 100));
        }
        finally
        {
            Run("umount", disk);
        }
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_gives_the_index_up()
    {
        await using (IChunkIndex index = state.Open(Repository))
        {
            await index.SaveSessionsAsync(0, 1, 100);
        }

        using IndexFiles files = IndexFiles.Claim(state.Root, Repository);
        IndexManifest saved = IndexManifest.Read(files.ManifestPath, Repository);
        LogDevice device = new(
            OpenLog(FileAccess.Read), files.LogPath, saved.Mark.EndBytes, saved.SettledEndBytes);
        Watchdog watchdog = new(ChunkIndexFolder.Patience);
        await using (FasterChunkIndex index = new(files, watchdog, device, saved, IndexSample.SmallSizes))
        {
            Assert.Equal(1, index.RequireRight(1, 100));
            await index.SaveSessionsAsync(1, 1, 100);
            Assert.Equal(ChunkIndexState.Abandoned, index.State);
            Assert.Equal(0, index.RequireRight(2, 100));
        }

        await using IChunkIndex again = state.Open(Repository);
        Assert.Equal(0, again.RequireRight(2, 100));
    }

    [Fact]
    public unsafe void The_device_answers_every_call_counts_faults_and_spares_saved_bytes()
    {
        string folder = Directory.CreateDirectory(state.FolderOf(Repository)).FullName;
        File.WriteAllBytes(Path.Join(folder, "log"), new byte[LogDevice.SectorBytes]);
        byte[] ones = new byte[LogDevice.SectorBytes];
        Array.Fill(ones, (byte)1);
        int answerCount = 0;
        void Answer(uint errorCode, uint numBytes, object context) => answerCount += errorCode == 0 ? 1 : 0;
        using LogDevice device = new(
            OpenLog(FileAccess.ReadWrite), state.LogOf(Repository), savedBytes: 100, beginBytes: 0);
        device.Initialize(1 << 30);
        fixed (byte* bytes = ones)
        {
            device.WriteAsync((IntPtr)bytes, 0, 0, LogDevice.SectorBytes, Answer, this);
            Assert.Equal(0, device.FaultCount);
            device.Dispose();
            device.WriteAsync((IntPtr)bytes, 0, 0, LogDevice.SectorBytes, Answer, this);
            Assert.Equal(1, device.FaultCount);
            device.ReadAsync(0, 0, (IntPtr)bytes, LogDevice.SectorBytes, Answer, this);
            Assert.Equal(2, device.FaultCount);
        }

        Assert.Equal(3, answerCount);
        Assert.All(ones, value => Assert.Equal(0, value)); // What cannot be read is read as zeros.
        byte[] written = File.ReadAllBytes(state.LogOf(Repository));
        Assert.All(written[..100], value => Assert.Equal(0, value));
        Assert.All(written[100..], value => Assert.Equal(1, value));
    }

    private SafeFileHandle OpenLog(FileAccess access) =>
        File.OpenHandle(state.LogOf(Repository), FileMode.Open, access, FileShare.ReadWrite);

    private static bool TryMount(string folder) => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess
        && Run("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={DiskBytes}"),
            "tmpfs", folder);

    private static bool Run(string command, params string[] arguments)
    {
        using Process process = Process.Start(command, arguments);
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
