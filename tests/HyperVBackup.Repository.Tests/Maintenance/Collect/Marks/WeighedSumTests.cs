using System.Security.Cryptography;
using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Collect.Marks;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect.Marks;

/// <summary>No bit of a mark, or of where names stand, changes unnoticed while they are sorted.</summary>
public sealed class WeighedSumTests
{
    private static Digest Id => new(SHA256.HashData([1]));

    [Fact]
    public void Any_bit_of_a_count_or_of_a_place_that_flips_changes_the_sum()
    {
        Mark mark = new(Id, 3);
        NamesPlace place = new(1 << 20, 512, Id, -1);
        for (int bit = 0; bit < 64; bit++)
        {
            Assert.NotEqual(SumOf(mark), SumOf(mark with { Count = mark.Count ^ (1L << bit) }));
            Assert.NotEqual(SumOf(place), SumOf(place with { AtBytes = place.AtBytes ^ (1L << bit) }));
        }

        for (int bit = 0; bit < 32; bit++)
        {
            Assert.NotEqual(SumOf(place), SumOf(place with { By = place.By ^ (1 << bit) }));
            Assert.NotEqual(SumOf(place), SumOf(place with { LengthBytes = place.LengthBytes ^ (1 << bit) }));
        }

        for (int bit = 0; bit < 256; bit++)
        {
            byte[] bytes = SHA256.HashData([1]);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(SumOf(mark), SumOf(mark with { Id = new Digest(bytes) }));
        }
    }

    [Fact]
    public void However_steps_are_put_together_the_sum_is_the_same()
    {
        using TestFolder folder = new();
        Random random = new(1);
        using WeighedSorter<Mark> sorter = new(NewSorter(folder, Mark.Add));
        WeighedSum expected = default;
        for (int count = 0; count < 20_000; count++)
        {
            Mark step = new(new Digest(SHA256.HashData([(byte)random.Next(200)])), random.Next(2) == 0 ? 1 : -1);
            sorter.Add(step);
            expected = expected.With(step);
        }

        WeighedSum found = default;
        foreach (Mark mark in sorter.Read())
        {
            found = found.With(mark);
        }

        Assert.Equal(expected, found);
    }

    [Fact]
    public void Steps_that_come_out_other_than_they_went_in_are_unusable()
    {
        for (int bit = 0; bit < 64; bit++)
        {
            using TestFolder folder = new();
            long flipped = 1L << bit;
            using WeighedSorter<Mark> sorter = new(NewSorter(
                folder, (one, other) => one with { Count = (one.Count + other.Count) ^ flipped }));
            sorter.Add(new Mark(Id, 1));
            sorter.Add(new Mark(Id, 1));
            Assert.Throws<MarksUnusableException>(() => sorter.Read().ToList());
        }
    }

    private static Sorter<Mark> NewSorter(TestFolder folder, Func<Mark, Mark, Mark> combine) =>
        new(new ScratchFolder(folder.Path, processId: 1), heldBytesMax: 64 << 10, combine);

    private static WeighedSum SumOf<T>(in T value)
        where T : unmanaged, IWeighed => default(WeighedSum).With(value);
}
