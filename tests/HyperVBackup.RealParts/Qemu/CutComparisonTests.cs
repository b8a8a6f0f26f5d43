using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Qemu;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>Comparisons that are interrupted again and again, while the monitor's connection fails at every command:
/// what was noted of one holds outside of what the bitmap that stays says has changed.</summary>
public sealed class CutComparisonTests : IDisposable
{
    private const int ChunkBytes = 64 << 10;
    private const int ChunkCount = 64;
    private const int StepCountMax = 200;
    private const int RoundStepCount = 5;
    private readonly TestFolder folder = new();
    private readonly StorageDaemon daemon;

    /// <summary>What was read first of each chunk since the moment that <see cref="notedSince"/> names.</summary>
    private readonly byte[]?[] noted = new byte[ChunkCount][];
    private string notedSince = "";
    private int writeCount;
    private int resumedCount;
    private int changedCount;

    public CutComparisonTests()
    {
        NoiseDisk.Create(folder.File("disk"), ChunkCount * ChunkBytes, seed: 1);
        folder.Folder("scratch");
        daemon = StorageDaemon.Start(folder, [(folder.File("disk"), "raw")]);
    }

    public void Dispose()
    {
        daemon.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(CutKind.After, true)]
    [InlineData(CutKind.Before, false)]
    public void What_was_noted_holds_but_for_what_the_one_bitmap_left_says(CutKind kind, bool comesBack)
    {
        int step = 1;
        for (bool isCut = true; isCut; step++)
        {
            Assert.InRange(step, 1, StepCountMax);
            using (CutMonitor cut = new(folder.File("cut"), daemon.MonitorPath, step, kind, comesBack))
            {
                Compare(folder.File("cut"), isPublished: false);
                isCut = cut.IsCut;
            }

            Write();
            bool isPublished = step % RoundStepCount == 0;
            Assert.True(Compare(daemon.MonitorPath, isPublished));
            Assert.Empty(daemon.Remains());
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder.File("scratch")));
            Assert.Single(daemon.Bitmaps(0), bitmap => bitmap.IsRecording);
        }

        Assert.InRange(step, 20, StepCountMax);
        Assert.InRange(resumedCount, step / 2, 2 * step);
        Assert.InRange(changedCount, step / 2, resumedCount * ChunkCount / 2);
    }

    /// <summary>A comparison without end, or a whole one that makes a point.</summary>
    /// <returns>Whether the view could be read.</returns>
    private bool Compare(string monitorPath, bool isPublished)
    {
        QemuMachine machine =
            Machines.Open(monitorPath, daemon.ServerPath, folder.File("scratch"), isDead: !isPublished);
        try
        {
            using IDiskView view = machine.Sources[0].Open();
            Write();
            GoOn(view);
            Write();
            if (isPublished)
            {
                view.Seal();
                view.Confirm();
            }
            else
            {
                view.AbandonNoted();
            }

            return true;
        }
        catch (DiskImageException)
        {
            return false;
        }
    }

    /// <summary>What was noted before stays as it was noted, also where it has changed since.</summary>
    private void GoOn(IDiskView view)
    {
        if (view.Stamp!.Text != notedSince)
        {
            Array.Clear(noted);
            notedSince = view.Stamp.Text;
        }

        HashSet<long> changed = [.. view.Stamp.ChangedSince.ToChunkRuns(ChunkBytes)
            .SelectMany(run => Enumerable.Range((int)run.FirstIndex, (int)run.Count).Select(index => (long)index))];
        bool wasNoted = noted[0] is not null;
        resumedCount += wasNoted ? 1 : 0;
        changedCount += wasNoted ? changed.Count : 0;
        for (int index = 0; index < ChunkCount; index++)
        {
            byte[] chunk = new byte[ChunkBytes];
            view.Disk.Read(index * ChunkBytes, chunk);
            byte[] before = noted[index] ??= chunk;
            Assert.True(changed.Contains(index) || before.AsSpan().SequenceEqual(chunk), $"chunk {index}");
        }
    }

    private void Write()
    {
        writeCount++;
        daemon.Write(0, writeCount * 7919L % ChunkCount * ChunkBytes, 4096, writeCount);
    }
}
