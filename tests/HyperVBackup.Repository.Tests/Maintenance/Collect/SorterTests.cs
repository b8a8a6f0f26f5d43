using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Testing.Tools;
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
}
