using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Testing.Tools;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>Sorting in bounded memory against sorting in memory.</summary>
public sealed class SorterTests
{
    [Theory]
    [InlineData(0, 1, false)]
    [InlineData(1, 1, false)]
    [InlineData(2_000, 1_000_000, false)]
    [InlineData(5_000, 1_000_000, true)]
    [InlineData(100_000, 1_000_000, true)]
    [InlineData(100_000, 700, false)]
    public void Values_come_ascending_and_once_however_many_do_not_fit(int count, int distinctCount, bool isSpilled)
    {
        using TestFolder folder = new();
        Random random = new(count + distinctCount);
        ScratchFolder scratch = new(folder.Path, processId: 1);
        SortedSet<long> expected = [];
        using (Sorter<long> sorter = new(scratch, heldBytesMax: 16 << 10))
        {
            for (int added = 0; added < count; added++)
            {
                long value = random.Next(distinctCount);
                sorter.Add(value);
                expected.Add(value);
            }

            Assert.Equal(expected, sorter.Read());
            Assert.Equal(expected, sorter.Read());
            Assert.Equal(count == 0, sorter.IsEmpty);
            Assert.Equal(isSpilled, Directory.GetFiles(folder.Path).Length > 0);
        }

        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    /// <summary>A list without entries names nothing, and the next list's names stand where its own would.</summary>
    [Fact]
    public void What_names_nothing_does_not_hide_what_stands_at_the_same_place()
    {
        using TestFolder folder = new();
        using Sorter<NamesPlace> sorter = new(new ScratchFolder(folder.Path, processId: 1), heldBytesMax: 16 << 10);
        NamesPlace nothing = new(64, 0, new Digest(new byte[Digest.SizeBytes]));
        NamesPlace names = new(64, 96, new Digest([.. Enumerable.Repeat((byte)1, Digest.SizeBytes)]));
        sorter.Add(nothing);
        sorter.Add(names);
        sorter.Add(names);
        Assert.Equal([nothing, names], sorter.Read());
    }

    [Fact]
    public void Settling_that_fails_leaves_no_file()
    {
        using TestFolder folder = new();
        bool fails = false;
        ScratchFolder scratch = new(folder.Path, processId: 1);
        using (Sorter<long> sorter = new(
            scratch, heldBytesMax: 16 << 10, (one, _) => fails ? throw new IOException("no room") : one))
        {
            for (int count = 0; count < 100_000; count++)
            {
                sorter.Add(count % 50_000);
            }

            fails = true;
            Assert.Throws<IOException>(sorter.Settle);
        }

        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void What_a_killed_collector_left_is_removed_and_what_a_living_one_has_is_not()
    {
        using TestFolder folder = new();
        File.WriteAllText(folder.File("scratch-9-0"), "left");
        ScratchFolder one = new(folder.Path, processId: 1);
        using (one.Create())
        {
            ScratchFolder other = new(folder.Path, processId: 1);
            using (other.Create())
            {
                Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
                Assert.DoesNotContain(folder.File("scratch-9-0"), Directory.GetFiles(folder.Path));
            }
        }

        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    /// <summary>Each sweeps when it begins, while others make and remove files of the same names.</summary>
    [Fact]
    public async Task Collectors_of_one_process_have_files_of_their_own_however_they_mix()
    {
        using TestFolder folder = new();
        await Parallel.ForAsync(0, 20_000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, (number, _) =>
        {
            using SafeFileHandle file = new ScratchFolder(folder.Path, processId: 1).Create();
            byte[] written = BitConverter.GetBytes(number);
            RandomAccess.Write(file, written, 0);
            byte[] read = new byte[8];
            Assert.Equal(4, RandomAccess.Read(file, read, 0));
            Assert.Equal(written, read[..4]);
            return ValueTask.CompletedTask;
        });
        Assert.Empty(Directory.GetFiles(folder.Path));
    }
}
